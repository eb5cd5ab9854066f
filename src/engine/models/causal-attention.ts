import { expand, float32, int64, type Graph } from '../graph'
import { groupedAttention, splitHeads, unseen } from './attention'
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
  const order = graph.initialiser(
    'positions',
    int64(
      [1, length],
      BigInt64Array.from({ length }, (_, t) => BigInt(t))
    )
  )
  const positions = expand(order, [batch, length])
  const blocked = Float32Array.from({ length: length * length }, (_, index) =>
    index % length > Math.floor(index / length) ? unseen : 0
  )
  const bias = graph.initialiser('causal', float32([1, 1, length, length], blocked))
  return {
    positions,
    attend: (layer, query, key, value) =>
      groupedAttention(
        rotate(layer, splitHeads(query, batch, length, heads), positions),
        rotate(layer, splitHeads(key, batch, length, keyValueHeads), positions),
        splitHeads(value, batch, length, keyValueHeads),
        bias
      )
  }
}
