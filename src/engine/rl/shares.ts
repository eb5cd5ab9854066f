import { multiply, sum, type Value } from '../graph'

/** One batch, or several. */
export type MicroBatches<Batch extends object> = Batch | readonly Batch[]

export const listOf = <Batch extends object>(batches: MicroBatches<Batch>): readonly Batch[] =>
  batches instanceof Array ? batches : [batches as Batch]

/**
 * What each token counts for in a loss, [B·T] as its mask: 1 / (tokens that the masks keep) where they keep one, else 0.
 * The masks are those of all micro-batches of one step, so that their sums add up to the mean over the step.
 */
export function tokenShares(masks: readonly Float32Array[]): Float32Array[] {
  const kept = masks.reduce((count, mask) => count + countOf(mask), 0)
  return masks.map((mask) => mask.map((one) => (one === 0 ? 0 : 1 / kept)))
}

/** The same where a mask is a token's weight: its part of the sum of all weights. */
export function weightShares(masks: readonly Float32Array[]): Float32Array[] {
  const whole = masks.reduce((sum, mask) => mask.reduce((part, weight) => part + weight, sum), 0)
  return masks.map((mask) => (whole > 0 ? mask.map((weight) => weight / whole) : mask))
}

/**
 * The same with every answer (a row; a mask has `batch` of them) counting alike: 1 / (tokens of the answer · answers with
 * any).
 */
export function answerShares(masks: readonly Float32Array[], batch: number): Float32Array[] {
  const rowsOf = (mask: Float32Array): Float32Array[] => {
    const length = mask.length / batch
    return Array.from({ length: batch }, (_, row) => mask.subarray(row * length, (row + 1) * length))
  }
  const answers = masks.flatMap(rowsOf).filter((row) => countOf(row) > 0).length
  return masks.map((mask) => {
    const shares = new Float32Array(mask.length)
    rowsOf(mask).forEach((row, index) => {
      const each = 1 / (countOf(row) * answers)
      row.forEach((one, place) => (shares[index * row.length + place] = one === 0 ? 0 : each))
    })
    return shares
  })
}

const countOf = (mask: Float32Array): number => mask.reduce((count, one) => count + (one === 0 ? 0 : 1), 0)

/** The mean of x [N] by shares [N] that sum to 1 over the micro-batches of a step: this batch's part of it. */
export const meanBy = (shares: Value, x: Value): Value => sum(multiply(x, shares))
