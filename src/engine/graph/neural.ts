import { float, innermost, int, microsoft, text, type GradientRule, type Value } from './graph'
import { add, divide, multiply, negate, sigmoid, square, squareRoot, subtract } from './elementwise'
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

export interface RotaryTables {
  /** Cosines and sines [positions, headSize / 2]. */
  readonly cosine: Value
  readonly sine: Value
}

/**
 * Rotates the halves of each head by its position's angles.
 * x [B, heads, T, headSize], positions int64 [B, T] -> the shape of x.
 * Source: Su et al., RoFormer, equation 34, in the half-split layout that Hugging Face checkpoints use.
 */
export function rotary(x: Value, positions: Value, tables: RotaryTables): Value {
  const graph = innermost([x, positions])
  if (graph.fused) return rotaryFused(x, positions, tables)
  const { cosine, sine } = tables
  const [batch, , length, size] = x.shape
  const half = size / 2
  const at = (table: Value): Value => {
    const rows = gather(table, positions) // [B, T, half]
    const both = concat([rows, rows], 2)
    return graph.node('Reshape', [both, graph.list([batch, 1, length, size])], {}, [
      [x.dtype, [batch, 1, length, size]]
    ])[0]
  }
  const [first, second] = split(x, 3, [half, half])
  return add(multiply(x, at(cosine)), multiply(concat([negate(second), first], 3), at(sine)))
}

/** `rotary` as ONNX Runtime's one operator. */
export const rotaryFused = (x: Value, positions: Value, { cosine, sine }: RotaryTables): Value =>
  innermost([x, positions]).node(
    'RotaryEmbedding',
    [x, positions, cosine, sine],
    { interleaved: int(0) },
    [[x.dtype, x.shape]],
    microsoft
  )[0]

/** x · sigmoid(x). Its gradient uses its result again, which saves a third of the passes over x. */
export const silu = (x: Value): Value =>
  x.graph.asGroup('silu', [x], siluRule, () => [multiply(x, sigmoid(x))])[0]

/** y = x·s with s = sigmoid(x), so dy/dx = s + y·(1 - s). */
const siluRule: GradientRule = ({ inputs: [x], outputs: [y] }, d) => [
  () => {
    const s = y.node?.inputs.find((input) => input !== null && input !== x) ?? sigmoid(x)
    return multiply(d, add(s, multiply(y, subtract(1, s))))
  }
]
