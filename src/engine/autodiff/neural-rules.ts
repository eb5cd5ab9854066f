import {
  elementCount,
  expand,
  negate,
  reshape,
  rotaryFused,
  scatterAdd,
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

/** A rotation is undone by the opposite angles, and its transpose is its inverse. */
export const rotaryRule: GradientRule = ({ inputs: [, positions, cosine, sine] }, d) => [
  () => rotaryFused(d, positions, { cosine, sine: negate(sine) }),
  null,
  null,
  null
]
