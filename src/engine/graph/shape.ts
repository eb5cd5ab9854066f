import { int, ints, innermost, type Graph, type Value } from './graph'
import { elementCount, sameShape, type HostTensor, type Shape } from './tensor'

/**
 * The same elements under another shape; one size may be -1. Costs nothing at run time. A shape may have one axis whose
 * size is known when the graph runs: it is -1, or -n where that axis was joined with others of n elements together.
 */
export function reshape(a: Value, shape: Shape): Value {
  const size = elementCount(a.shape)
  const resolved = shape.map((length) => (length === -1 ? size / -elementCount(shape) : length))
  if (elementCount(resolved) !== size)
    throw new RangeError(`[${a.shape.join()}] does not reshape to [${shape.join()}].`)
  if (sameShape(resolved, a.shape)) return a
  const target = a.graph.list(resolved.map((length) => Math.max(length, -1)))
  return a.graph.node('Reshape', [a, target], {}, [[a.dtype, resolved]])[0]
}

/** Axis i of the result is axis `order[i]` of `a`. */
export function transpose(a: Value, order: readonly number[]): Value {
  if (order.every((axis, index) => axis === index)) return a
  const shape = order.map((axis) => a.shape[axis])
  return a.graph.node('Transpose', [a], { perm: ints(order) }, [[a.dtype, shape]])[0]
}

/** Swaps the last two axes. */
export function transposeLast(a: Value): Value {
  const rank = a.shape.length
  return transpose(a, [...a.shape.keys()].slice(0, rank - 2).concat(rank - 1, rank - 2))
}

/** Axes of one element become as long as `shape` says. An axis of any size stays as long as it is. */
export function expand(a: Value, shape: Shape): Value {
  if (sameShape(a.shape, shape)) return a
  const least = a.graph.list(shape.map((size) => Math.max(size, 1)))
  return a.graph.node('Expand', [a, least], {}, [[a.dtype, shape]])[0]
}

const withSize = (shape: Shape, axis: number, size: number): number[] =>
  shape.map((length, index) => (index === axis ? size : length))

export function concat(values: readonly Value[], axis: number): Value {
  if (values.length === 1) return values[0]
  const size = values.reduce((total, value) => total + value.shape[axis], 0)
  const { dtype, shape } = values[0]
  return innermost(values).node('Concat', values, { axis: int(axis) }, [
    [dtype, withSize(shape, axis, size)]
  ])[0]
}

/** Elements `start` (included) to `end` (excluded) of one axis; of one of any size, it is for the caller to know. */
export function slice(a: Value, axis: number, start: number, end: number): Value {
  if (start < 0 || (a.shape[axis] >= 0 && end > a.shape[axis]) || end <= start)
    throw new RangeError(`[${start}, ${end}) is no slice of axis ${axis} of [${a.shape.join()}].`)
  if (start === 0 && end === a.shape[axis]) return a
  const { graph } = a
  const limits = [graph.list([start]), graph.list([end]), graph.list([axis])]
  return graph.node('Slice', [a, ...limits], {}, [[a.dtype, withSize(a.shape, axis, end - start)]])[0]
}

export function split(a: Value, axis: number, sizes: readonly number[]): readonly Value[] {
  if (sizes.length === 1) return [a]
  return a.graph.node(
    'Split',
    [a, a.graph.list(sizes)],
    { axis: int(axis) },
    sizes.map((size) => [a.dtype, withSize(a.shape, axis, size)] as const)
  )
}

/** A tensor of zeros, made when the graph runs. */
export function zeros(graph: Graph, shape: Shape): Value {
  const value: HostTensor = { dtype: 'float32', shape: [1], data: new Float32Array(1) }
  const attributes = { value: { kind: 'tensor', value } as const }
  return graph.node('ConstantOfShape', [graph.list(shape)], attributes, [['float32', shape]])[0]
}
