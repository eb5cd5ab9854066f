import {
  add,
  elementCount,
  expand,
  matmul,
  mean,
  multiply,
  negate,
  reciprocal,
  reshape,
  rotaryFused,
  scatterAdd,
  square,
  squareRoot,
  subtract,
  sumOfSquares,
  zeros,
  type GradientRule,
  type Value
} from '../graph'
import { attributeOf } from './shape-rules'

/** Rows that were read several times get the sum. ScatterElements is exact there; ScatterND races on the CPU. */
export const gatherRule: GradientRule = ({ inputs: [table, indices] }, d) => [
  () => {
    const count = elementCount(indices.shape)
    const width = elementCount(table.shape.slice(1))
    const rows = expand(reshape(indices, [count, 1]), [count, width])
    const summed = scatterAdd(
      zeros(table.graph, [table.shape[0], width]),
      rows,
      reshape(d, [count, width]),
      0
    )
    return reshape(summed, table.shape)
  },
  null
]

export const gatherElementsRule: GradientRule = ({ inputs: [a, indices] }, d) => [
  () => scatterAdd(zeros(a.graph, a.shape), indices, d, 1),
  null
]

/**
 * y = x · r · w with r = 1 / sqrt(mean(x²) + epsilon).
 * dx = r · (d·w) - x · r² · mean(d·y), because mean(d·w·x·r) = mean(d·y). dw = Σ over rows of r · d·x.
 * r is computed again: the operator can return it, but ONNX Runtime 1.30 returns nonsense there on WebGPU.
 */
export const rmsNormRule: GradientRule = ({ inputs: [x, weight], outputs: [y], node }, d) => {
  const last = x.shape.length - 1
  const epsilon = attributeOf(node, 'epsilon')
  if (typeof epsilon !== 'number') throw new Error('A norm has no epsilon.')
  let made: Value | undefined
  const scale = (): Value => (made ??= reciprocal(rootMeanSquare(x, epsilon)))
  return [
    () => {
      const along = multiply(square(scale()), mean(multiply(d, y), [last], { keep: true }))
      return subtract(multiply(multiply(d, weight), scale()), multiply(x, along))
    },
    () => {
      const rows = elementCount(x.shape) / x.shape[last]
      const products = reshape(multiply(d, x), [rows, x.shape[last]])
      return reshape(matmul(reshape(scale(), [rows, 1]), products, { transposeA: true }), weight.shape)
    }
  ]
}

/** sqrt(mean(x²) + epsilon) along the last axis, which is kept with size 1. */
function rootMeanSquare(x: Value, epsilon: number): Value {
  const last = x.shape.length - 1
  const total = sumOfSquares(x, [last], { keep: true })
  return squareRoot(add(multiply(total, 1 / x.shape[last]), epsilon))
}

/** A rotation is undone by the opposite angles, and its transpose is its inverse. */
export const rotaryRule: GradientRule = ({ inputs: [, positions, cosine, sine] }, d) => [
  () => rotaryFused(d, positions, { cosine, sine: negate(sine) }),
  null,
  null,
  null
]
