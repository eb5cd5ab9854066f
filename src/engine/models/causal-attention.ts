import { concat, expand, int64, slice, split, type Graph, type Value } from '../graph'
import { mixHeads } from './attention'
import { causalBias } from './causal-bias'
import type { Attention } from './decoder'
import type { DecoderConfig } from './decoder-config'
import { rotation } from './rotation'
import type { TokenRows } from './token-rows'

/** Queries that share the keys they are computed against; 128 and 512 are slower (bench/train). */
const defaultBlock = 256

/**
 * Attention over whole sequences that begin at position 0. Shorter ones are padded at the end: no real token sees
 * padding, because a token sees only what stands before it. Long texts are cut into blocks of queries, each computed
 * against the keys that one of them sees: at 512 tokens that is three quarters of all scores.
 */
export function causalAttention(
  graph: Graph,
  config: DecoderConfig,
  { batch, length, ofRows, toSequences, toRows }: TokenRows,
  blockLength = defaultBlock
): Attention {
  const { heads, keyValueHeads } = config
  const rotate = rotation(graph, config, length)
  const last = config.names.positions === null ? length : config.contextLength - 1
  const order = graph.initialiser(
    'positions',
    int64(
      [1, length],
      // Padding may reach beyond the last learned position; nobody reads what comes of it.
      BigInt64Array.from({ length }, (_, t) => BigInt(Math.min(t, last)))
    )
  )
  const positions = expand(order, [batch, length])
  const biasOf = causalBias(graph)
  const sizes = Array.from({ length: Math.ceil(length / blockLength) }, (_, block) =>
    Math.min(blockLength, length - block * blockLength)
  )
  const attendBlock = (
    block: number,
    window: number | null,
    query: Value,
    key: Value,
    value: Value
  ): Value => {
    const from = block * blockLength
    const to = from + sizes[block]
    const first = window === null ? 0 : Math.max(0, from + 1 - window)
    const keys = (x: Value): Value => slice(x, 2, first, to)
    return mixHeads(query, keys(key), keys(value), biasOf({ from, to, first, window }))
  }
  return {
    positions: config.names.positions === null ? positions : ofRows(positions),
    attend: (layer, query, key, value) => {
      const { window } = config.attention[layer]
      const keys = rotate(layer, toSequences(key, keyValueHeads), positions)
      const values = toSequences(value, keyValueHeads)
      const queries = split(rotate(layer, toSequences(query, heads), positions), 2, sizes)
      const mixed = queries.map((part, block) => attendBlock(block, window, part, keys, values))
      return toRows(concat(mixed, 2))
    }
  }
}
