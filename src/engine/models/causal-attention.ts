import { expand, int64, type Graph } from '../graph'
import { groupedAttention, splitHeads } from './attention'
import { causalBias } from './causal-bias'
import type { Attention } from './decoder'
import type { DecoderConfig } from './decoder-config'
import { rotation } from './rotation'

/**
 * Attention over whole sequences that begin at position 0. Shorter ones are padded at the end: no real token sees
 * padding, because a token sees only what stands before it.
 */
export function causalAttention(
  graph: Graph,
  config: DecoderConfig,
  batch: number,
  length: number
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
  const biasOf = causalBias(graph, length)
  const biases = config.attention.map(({ window }) => biasOf(window))
  return {
    positions,
    attend: (layer, query, key, value) =>
      groupedAttention(
        rotate(layer, splitHeads(query, batch, length, heads), positions),
        rotate(layer, splitHeads(key, batch, length, keyValueHeads), positions),
        splitHeads(value, batch, length, keyValueHeads),
        biases[layer]
      )
  }
}
