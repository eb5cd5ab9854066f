import {
  elementCount,
  expand,
  matmul,
  mean,
  multiply,
  negate,
  reshape,
  rotaryFused,
  scatterAdd,
  square,
  subtract,
  zeros,
  type GradientRule
} from '../graph'

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
 * y = x · r · w with r = 1 / sqrt(mean(x²) + epsilon), which the forward node returns as its second output.
 * dx = r · (d·w) - x · r² · mean(d·y), because mean(d·w·x·r) = mean(d·y). dw = Σ over rows of r · d·x.
 */
export const rmsNormRule: GradientRule = ({ inputs: [x, weight], outputs: [y, r] }, d) => {
  const last = x.shape.length - 1
  return [
    () => {
      const along = multiply(square(r), mean(multiply(d, y), [last], { keep: true }))
      return subtract(multiply(multiply(d, weight), r), multiply(x, along))
    },
    () => {
      const rows = elementCount(r.shape)
      const products = reshape(multiply(d, x), [rows, x.shape[last]])
      return reshape(matmul(reshape(r, [rows, 1]), products, { transposeA: true }), weight.shape)
    }
  ]
}

/** A rotation is undone by the opposite angles, and its transpose is its inverse. */
export const rotaryRule: GradientRule = ({ inputs: [, positions, cosine, sine] }, d) => [
  () => rotaryFused(d, positions, { cosine, sine: negate(sine) }),
  null,
  null,
  null
]
