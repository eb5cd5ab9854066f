import { int, type Value } from './graph'
import type { Shape } from './tensor'

interface Reduction {
  /** Keep the reduced axes with size 1. */
  readonly keep?: boolean
}

export function reducedShape(shape: Shape, axes: readonly number[], keep: boolean): number[] {
  return shape.flatMap((size, axis) => (axes.includes(axis) ? (keep ? [1] : []) : [size]))
}

function reduce(
  operator: string,
  a: Value,
  axes: readonly number[],
  { keep = false }: Reduction = {}
): Value {
  const shape = reducedShape(a.shape, axes, keep)
  const attributes = { keepdims: int(keep ? 1 : 0) }
  return a.graph.node(operator, [a, a.graph.list(axes)], attributes, [[a.dtype, shape]])[0]
}

const allAxes = (a: Value): number[] => [...a.shape.keys()]

/** The sum over `axes`, or over everything. */
export const sum = (a: Value, axes = allAxes(a), options?: Reduction): Value =>
  reduce('ReduceSum', a, axes, options)

export const mean = (a: Value, axes = allAxes(a), options?: Reduction): Value =>
  reduce('ReduceMean', a, axes, options)

export const sumOfSquares = (a: Value, axes = allAxes(a), options?: Reduction): Value =>
  reduce('ReduceSumSquare', a, axes, options)

export const largest = (a: Value, axes = allAxes(a), options?: Reduction): Value =>
  reduce('ReduceMax', a, axes, options)

/** The index of the largest element along the last axis, which is kept with size 1. */
export function argMax(a: Value): Value {
  const axis = a.shape.length - 1
  const attributes = { axis: int(axis), keepdims: int(1) }
  return a.graph.node('ArgMax', [a], attributes, [['int64', reducedShape(a.shape, [axis], true)]])[0]
}

/** Running sums along one axis. */
export const cumulativeSum = (a: Value, axis: number): Value =>
  a.graph.node('CumSum', [a, a.graph.list([axis])], {}, [[a.dtype, a.shape]])[0]
