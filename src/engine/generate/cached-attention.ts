import {
  add,
  anySize,
  int,
  matmul,
  reshape,
  rotary,
  softmax,
  type Graph,
  type RotaryTables,
  type Value
} from '../graph'
import { groupedAttention, splitHeads, type Attend } from '../models/llama'
import type { LlamaConfig } from '../models/llama-config'

/** Keys and values of one layer, each [B, keyValueHeads, tokens so far, headSize]; keys are rotated. */
export interface LayerCache {
  readonly key: Value
  readonly value: Value
}

/** Joins along axis 2, whose size is not known before the graph runs. */
function grow(graph: Graph, parts: readonly Value[]): Value {
  const [batch, groups, , size] = parts[0].shape
  const output = ['float32', [batch, groups, anySize, size]] as const
  return graph.node('Concat', parts, { axis: int(2) }, [output])[0]
}

/** A cache that holds nothing, to begin with when there is nothing before the first token fed. */
export function emptyCache(
  graph: Graph,
  { layers, keyValueHeads, headSize }: LlamaConfig,
  batch: number
): LayerCache[] {
  const shape = [batch, keyValueHeads, 0, headSize]
  const nothing = graph.initialiser('empty_cache', { dtype: 'float32', shape, data: new Float32Array() })
  return Array.from({ length: layers }, () => ({
    key: grow(graph, [nothing]),
    value: grow(graph, [nothing])
  }))
}

/**
 * Attention over whole prompts that also keeps what later tokens will look back at.
 * positions int64 [B, T]; bias [B, 1, T, T] hides padding and the future.
 */
export function fillingAttention(
  config: LlamaConfig,
  positions: Value,
  bias: Value,
  tables: RotaryTables,
  caches: LayerCache[]
): Attend {
  const [batch, length] = positions.shape
  return (_layer, query, key, value) => {
    const heads = (x: Value, count: number) => splitHeads(x, batch, length, count)
    const rotatedKey = rotary(heads(key, config.keyValueHeads), positions, tables)
    const values = heads(value, config.keyValueHeads)
    caches.push({ key: grow(key.graph, [rotatedKey]), value: grow(key.graph, [values]) })
    return groupedAttention(rotary(heads(query, config.heads), positions, tables), rotatedKey, values, bias)
  }
}

/**
 * Attention of one new token per sequence over its cache, which grows by that token. Appending is a copy of the cache;
 * writing into one of full length was measured at twice the time, because a Loop cannot write in place.
 * positions int64 [B, 1]; bias [B, 1, 1, any] hides padding, null if there is none.
 */
export function growingAttention(
  config: LlamaConfig,
  positions: Value,
  bias: Value | null,
  tables: RotaryTables,
  caches: readonly LayerCache[],
  grown: LayerCache[]
): Attend {
  const { heads, keyValueHeads: groups, headSize: size } = config
  const batch = positions.shape[0]
  return (layer, query, key, value) => {
    const { graph } = query
    const single = (x: Value, count: number) => reshape(x, [batch, count, 1, size])
    const cache = {
      key: grow(graph, [caches[layer].key, rotary(single(key, groups), positions, tables)]),
      value: grow(graph, [caches[layer].value, single(value, groups)])
    }
    grown.push(cache)
    const rotated = rotary(single(query, heads), positions, tables)
    const stacked = reshape(rotated, [batch, groups, heads / groups, size])
    const scores = matmul(stacked, cache.key, { transposeB: true, scale: 1 / Math.sqrt(size) }) // [B, G, H/G, any]
    const shares = softmax(bias ? add(scores, bias) : scores)
    return reshape(matmul(shares, cache.value), [batch, heads * size])
  }
}

/** One more visible place at the end of a bias [B, 1, 1, any]. */
export function growBias(bias: Value): Value {
  const batch = bias.shape[0]
  const { graph } = bias
  const seen = graph.initialiser('seen_place', {
    dtype: 'float32',
    shape: [batch, 1, 1, 1],
    data: new Float32Array(batch)
  })
  return graph.node('Concat', [bias, seen], { axis: int(3) }, [['float32', [batch, 1, 1, anySize]]])[0]
}
