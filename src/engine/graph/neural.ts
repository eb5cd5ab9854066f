import { float, innermost, int, microsoft, text, type Attributes, type Value } from './graph'
import { add, divide, multiply, negate, square, squareRoot } from './elementwise'
import { mean } from './reduce'
import { concat, split } from './shape'

/** Along the last axis. */
export const softmax = (a: Value): Value =>
  a.graph.node('Softmax', [a], { axis: int(-1) }, [[a.dtype, a.shape]])[0]

/** Along the last axis. */
export const logSoftmax = (a: Value): Value =>
  a.graph.node('LogSoftmax', [a], { axis: int(-1) }, [[a.dtype, a.shape]])[0]

/** Rows of `table` [rows, ...rest] at `indices` [...shape] -> [...shape, ...rest]. */
export function gather(table: Value, indices: Value): Value {
  const shape = [...indices.shape, ...table.shape.slice(1)]
  return innermost([table, indices]).node('Gather', [table, indices], { axis: int(0) }, [
    [table.dtype, shape]
  ])[0]
}

/** a [N, M], indices [N, K] -> a[n, indices[n, k]], shape [N, K]. */
export const gatherElements = (a: Value, indices: Value): Value =>
  innermost([a, indices]).node('GatherElements', [a, indices], { axis: int(1) }, [
    [a.dtype, indices.shape]
  ])[0]

/** A copy of `a` with `updates` added at `indices` along `axis`. Exact and repeatable with duplicate indices. */
export const scatterAdd = (a: Value, indices: Value, updates: Value, axis: number): Value =>
  innermost([a, indices, updates]).node(
    'ScatterElements',
    [a, indices, updates],
    { axis: int(axis), reduction: text('add') },
    [[a.dtype, a.shape]]
  )[0]

/** x / sqrt(mean(x²) + epsilon) · weight along the last axis. */
export function rmsNorm(x: Value, weight: Value, epsilon: number): Value {
  const graph = innermost([x, weight])
  const last = x.shape.length - 1
  if (!graph.fused) {
    const scale = squareRoot(add(mean(square(x), [last], { keep: true }), epsilon))
    return multiply(divide(x, scale), weight)
  }
  const attributes = { axis: int(-1), epsilon: float(epsilon), stash_type: int(1) }
  return graph.node('SimplifiedLayerNormalization', [x, weight], attributes, [[x.dtype, x.shape]])[0]
}

/** (x - mean(x)) / sqrt(variance(x) + epsilon) · weight + bias along the last axis. */
export const layerNorm = (x: Value, weight: Value, bias: Value, epsilon: number): Value =>
  innermost([x, weight, bias]).node(
    'LayerNormalization',
    [x, weight, bias],
    { axis: int(-1), epsilon: float(epsilon), stash_type: int(1) },
    [[x.dtype, x.shape]]
  )[0]

export interface RotaryTables {
  /** Cosines and sines [positions, rotated size / 2]; the rotated size may be less than that of a head. */
  readonly cosine: Value
  readonly sine: Value
}

/**
 * Rotates the halves of each head, or of the start of each head, by its position's angles.
 * x [B, heads, T, headSize], positions int64 [B, T] -> the shape of x.
 * Source: Su et al., RoFormer, equation 34, in the half-split layout that Hugging Face checkpoints use.
 */
export function rotary(x: Value, positions: Value, tables: RotaryTables): Value {
  const graph = innermost([x, positions])
  if (graph.fused) return rotaryFused(x, positions, tables)
  const { cosine, sine } = tables
  const [batch, , length, whole] = x.shape
  const half = cosine.shape[1]
  const size = 2 * half
  const [turned, kept] = size < whole ? split(x, 3, [size, whole - size]) : [x]
  const at = (table: Value): Value => {
    const rows = gather(table, positions) // [B, T, half]
    const both = concat([rows, rows], 2)
    return graph.node('Reshape', [both, graph.list([batch, 1, length, size])], {}, [
      [x.dtype, [batch, 1, length, size]]
    ])[0]
  }
  const [first, second] = split(turned, 3, [half, half])
  const result = add(multiply(turned, at(cosine)), multiply(concat([negate(second), first], 3), at(sine)))
  return kept ? concat([result, kept], 3) : result
}

/** `rotary` as ONNX Runtime's one operator. */
export function rotaryFused(x: Value, positions: Value, { cosine, sine }: RotaryTables): Value {
  const size = 2 * cosine.shape[1]
  const partly: Attributes =
    size < x.shape[3] ? { num_heads: int(x.shape[1]), rotary_embedding_dim: int(size) } : {}
  return innermost([x, positions]).node(
    'RotaryEmbedding',
    [x, positions, cosine, sine],
    { interleaved: int(0), ...partly },
    [[x.dtype, x.shape]],
    microsoft
  )[0]
}
