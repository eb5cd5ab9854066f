import { add, anySize, concat, int, matmul, reshape, softmax, split, transpose, type Value } from '../graph'
import { splitHeads } from '../models/attention'
import type { Attention } from '../models/decoder'
import type { DecoderConfig } from '../models/decoder-config'
import type { Rotate } from '../models/rotation'

/** Keys and values of one layer, each [B, keyValueHeads, any, headSize]; keys are rotated. */
export interface LayerCache {
  readonly key: Value
  readonly value: Value
}

export interface CachedAttentionOptions {
  readonly config: DecoderConfig
  /** Of the tokens fed, int64 [B, T]; T may be `anySize`. */
  readonly positions: Value
  readonly rotate: Rotate
  /**
   * Added to the scores of a layer, [B, 1, R·T, any] with R = heads / keyValueHeads: hides padding, the future and what
   * lies outside a window. null if everything is seen.
   */
  readonly bias: (layer: number) => Value | null
  /** What the Loop began with; it is read where it lies. null: everything is in `newer`. */
  readonly older: readonly LayerCache[] | null
  /** What earlier turns of the Loop appended. */
  readonly newer: readonly LayerCache[]
  /** Receives `newer` with the tokens fed appended, layer by layer. */
  readonly grown: LayerCache[]
}

/**
 * Attention of T new tokens per sequence over those before them and themselves.
 *
 * A Loop cannot write in place, so appending is a copy. Two things keep it small: the copy has the length that there
 * is, not the longest there may be (half the time), and with `older` only what the present run appended is copied.
 */
export function cachedAttention(options: CachedAttentionOptions): Attention {
  const { config, positions, rotate, bias, older, newer, grown } = options
  const { heads, keyValueHeads: groups, headSize: size } = config
  const [batch, length] = positions.shape
  let lengths: Value | null = null // the same in every layer
  const byHead = (x: Value, count: number): Value =>
    length === 1 ? reshape(x, [batch, count, 1, size]) : splitHeads(x, batch, length, count)

  /** Queries and keys rotated, and values, each [B, heads, T, size]: in one piece for as long as they come in one. */
  function headsOf(layer: number, query: Value, key: Value, value: Value): readonly Value[] {
    const joined = joinedSource([query, key, value])
    if (!joined)
      return [
        rotate(layer, byHead(query, heads), positions),
        rotate(layer, byHead(key, groups), positions),
        byHead(value, groups)
      ]
    const [turning, values] = split(byHead(joined, heads + 2 * groups), 1, [heads + groups, groups])
    return [...split(rotate(layer, turning, positions), 1, [heads, groups]), values]
  }

  const attend: Attention['attend'] = (layer, query, key, value) => {
    const [queries, newKeys, newValues] = headsOf(layer, query, key, value)
    const now = { key: append(newer[layer].key, newKeys), value: append(newer[layer].value, newValues) }
    grown.push(now)
    const stacked = reshape(queries, [batch, groups, (heads / groups) * length, size])
    const mixed = older // [B, G, R·T, size]
      ? attendParts(
          stacked,
          [older[layer], now],
          (lengths ??= lengthsOf([older[0].key, now.key])),
          bias(layer)
        )
      : attendPart(stacked, now, bias(layer))
    if (length === 1) return reshape(mixed, [batch, heads * size])
    const byPosition = transpose(reshape(mixed, [batch, heads, length, size]), [0, 2, 1, 3])
    return reshape(byPosition, [batch * length, heads * size])
  }
  return { positions, attend }
}

/** What these are the parts of, one after another; null if they are not all of one Split. */
function joinedSource(parts: readonly Value[]): Value | null {
  const node = parts[0].node
  if (node?.operator !== 'Split' || node.outputs.length !== parts.length) return null
  return parts.every((part, index) => part === node.outputs[index]) ? node.inputs[0] : null
}

/** Joins along axis 2, whose size is not known before the graph runs. */
function append(cache: Value, added: Value): Value {
  const [batch, groups, , size] = cache.shape
  return added.graph.node('Concat', [cache, added], { axis: int(2) }, [
    ['float32', [batch, groups, anySize, size]]
  ])[0]
}

/** softmax(query·keysᵀ / √size + bias)·values. query [B, G, R·T, size] */
function attendPart(query: Value, { key, value }: LayerCache, bias: Value | null): Value {
  const scores = scoresOf(query, key)
  return matmul(softmax(bias ? add(scores, bias) : scores), value)
}

/** The same with keys and values in two parts, of `lengths` int64 [2]. */
function attendParts(
  query: Value,
  parts: readonly [LayerCache, LayerCache],
  lengths: Value,
  bias: Value | null
): Value {
  const { graph } = query
  const [first, second] = parts.map(({ key }) => scoresOf(query, key))
  const scores = graph.node('Concat', [first, second], { axis: int(3) }, [['float32', first.shape]])[0]
  const shares = softmax(bias ? add(scores, bias) : scores)
  const pieces = graph.node('Split', [shares, lengths], { axis: int(3) }, [
    ['float32', first.shape],
    ['float32', second.shape]
  ])
  return add(matmul(pieces[0], parts[0].value), matmul(pieces[1], parts[1].value))
}

const scoresOf = (query: Value, key: Value): Value =>
  matmul(query, key, { transposeB: true, scale: 1 / Math.sqrt(query.shape[3]) })

/** How many tokens two parts of a cache hold, int64 [2]. */
function lengthsOf(parts: readonly Value[]): Value {
  const lengths = parts.map(
    (part) => part.graph.node('Shape', [part], { start: int(2), end: int(3) }, [['int64', [1]]])[0]
  )
  return concat(lengths, 0)
}
