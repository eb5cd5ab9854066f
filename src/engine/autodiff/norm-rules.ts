import {
  add,
  elementCount,
  matmul,
  mean,
  multiply,
  reciprocal,
  reshape,
  square,
  squareRoot,
  subtract,
  sum,
  sumOfSquares,
  type GradientRule,
  type Node,
  type Value
} from '../graph'
import { attributeOf } from './shape-rules'

function epsilonOf(node: Node | undefined): number {
  const epsilon = attributeOf(node, 'epsilon')
  if (typeof epsilon !== 'number') throw new Error('A norm has no epsilon.')
  return epsilon
}

/**
 * y = x · r · w with r = 1 / sqrt(mean(x²) + epsilon).
 * dx = r · (d·w) - x · r² · mean(d·y), because mean(d·w·x·r) = mean(d·y). dw = Σ over rows of r · d·x.
 * r is computed again: the operator can return it, but ONNX Runtime 1.30 returns nonsense there on WebGPU.
 */
export const rmsNormRule: GradientRule = ({ inputs: [x, weight], outputs: [y], node }, d) => {
  const last = x.shape.length - 1
  const epsilon = epsilonOf(node)
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

/**
 * y = n · w + b with n = (x - mean(x)) · r and r = 1 / sqrt(variance(x) + epsilon).
 * dx = r · (g - mean(g) - n · mean(g · n)) with g = d · w; dw = Σ over rows of d · n; db = Σ over rows of d.
 */
export const layerNormRule: GradientRule = ({ inputs: [x, weight, bias], node }, d) => {
  const last = x.shape.length - 1
  const epsilon = epsilonOf(node)
  let made: { readonly normed: Value; readonly scale: Value } | undefined
  const parts = (): { readonly normed: Value; readonly scale: Value } => {
    if (made) return made
    const centred = subtract(x, mean(x, [last], { keep: true }))
    const scale = reciprocal(rootMeanSquare(centred, epsilon))
    return (made = { normed: multiply(centred, scale), scale })
  }
  const overRows = (value: Value): Value =>
    reshape(
      sum(
        value,
        [...value.shape.keys()].filter((axis) => axis !== last)
      ),
      weight.shape
    )
  return [
    () => {
      const { normed, scale } = parts()
      const g = multiply(d, weight)
      const along = multiply(normed, mean(multiply(g, normed), [last], { keep: true }))
      return multiply(scale, subtract(subtract(g, mean(g, [last], { keep: true })), along))
    },
    () => overRows(multiply(d, parts().normed)),
    () => reshape(overRows(d), bias.shape)
  ]
}
