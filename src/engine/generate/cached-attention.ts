import { add, anySize, int, matmul, reshape, softmax, type Graph, type Value } from '../graph'
import { groupedAttention, splitHeads } from '../models/attention'
import type { Attention } from '../models/decoder'
import type { DecoderConfig } from '../models/decoder-config'
import type { Rotate } from '../models/rotation'

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
  { layers, keyValueHeads, headSize }: DecoderConfig,
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
 * positions int64 [B, T]; biases [B, 1, T, T], one a layer, hide padding, the future and what is out of sight.
 */
export function fillingAttention(
  config: DecoderConfig,
  positions: Value,
  biases: readonly Value[],
  rotate: Rotate,
  caches: LayerCache[]
): Attention {
  const [batch, length] = positions.shape
  const attend: Attention['attend'] = (layer, query, key, value) => {
    const heads = (x: Value, count: number) => splitHeads(x, batch, length, count)
    const rotatedKey = rotate(layer, heads(key, config.keyValueHeads), positions)
    const values = heads(value, config.keyValueHeads)
    caches.push({ key: grow(key.graph, [rotatedKey]), value: grow(key.graph, [values]) })
    return groupedAttention(
      rotate(layer, heads(query, config.heads), positions),
      rotatedKey,
      values,
      biases[layer]
    )
  }
  return { positions, attend }
}

/**
 * Attention of one new token per sequence over its cache, which grows by that token. Appending is a copy of the cache;
 * writing into one of full length was measured at twice the time, because a Loop cannot write in place.
 * A layer with a sliding window forgets what has left it. positions int64 [B, 1]; bias [B, 1, 1, any] hides padding,
 * null if there is none; no sequence gets longer than `longest` tokens.
 */
export function growingAttention(
  config: DecoderConfig,
  positions: Value,
  bias: Value | null,
  rotate: Rotate,
  caches: readonly LayerCache[],
  grown: LayerCache[],
  longest: number
): Attention {
  const { heads, keyValueHeads: groups, headSize: size } = config
  const batch = positions.shape[0]
  const inSight = lastPlaces(longest)
  const attend: Attention['attend'] = (layer, query, key, value) => {
    const { graph } = query
    const single = (x: Value, count: number) => reshape(x, [batch, count, 1, size])
    const { window } = config.attention[layer]
    const cache = {
      key: inSight(
        grow(graph, [caches[layer].key, rotate(layer, single(key, groups), positions)]),
        2,
        window
      ),
      value: inSight(grow(graph, [caches[layer].value, single(value, groups)]), 2, window)
    }
    grown.push(cache)
    const rotated = rotate(layer, single(query, heads), positions)
    const stacked = reshape(rotated, [batch, groups, heads / groups, size])
    const scores = matmul(stacked, cache.key, { transposeB: true, scale: 1 / Math.sqrt(size) }) // [B, G, H/G, any]
    const shares = softmax(bias ? add(scores, inSight(bias, 3, window)) : scores)
    return reshape(matmul(shares, cache.value), [batch, heads * size])
  }
  return { positions, attend }
}

/** The last `window` places of an axis of any size; all of them if no sequence is longer than the window. */
function lastPlaces(longest: number): (x: Value, axis: number, window: number | null) => Value {
  const made = new Map<string, Value>()
  return (x, axis, window) => {
    if (window === null || window >= longest) return x
    const key = `${x.name} ${window}`
    const known = made.get(key)
    if (known) return known
    const { graph } = x
    const limits = [[-window], [Number.MAX_SAFE_INTEGER], [axis]].map((values) => graph.list(values))
    const last = graph.node('Slice', [x, ...limits], {}, [[x.dtype, x.shape]])[0]
    made.set(key, last)
    return last
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
