/** What the learning rate does after the warm-up: it stays, or it falls to 0 in a straight line or half a cosine. */
export type Schedule = 'constant' | 'linear' | 'cosine'

export interface RateSettings {
  /** The highest. */
  readonly learningRate: number
  /** Steps over which it rises in a straight line from 0. */
  readonly warmup: number
  readonly schedule: Schedule
  /** Length of the run. */
  readonly steps: number
}

/**
 * Learning rate of a step, counted from 1. The step that ends the warm-up has the full rate, and so has the one after
 * it; the last step of a falling rate is still above 0.
 * Source of the cosine: Loshchilov & Hutter, SGDR, arXiv 1608.03983, equation 5, without restarts.
 */
export function learningRateAt(
  step: number,
  { learningRate, warmup, schedule, steps }: RateSettings
): number {
  if (step < warmup) return (learningRate * step) / warmup
  if (schedule === 'constant' || step <= warmup) return learningRate
  const done = (step - 1 - warmup) / (steps - warmup) // [0, 1)
  return learningRate * (schedule === 'linear' ? 1 - done : (1 + Math.cos(Math.PI * done)) / 2)
}
