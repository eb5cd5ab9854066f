/** Learning rate of a step (counted from 1): it rises in a straight line over the first `warmup` steps, then stays. */
export function learningRateAt(step: number, learningRate: number, warmup: number): number {
  return step >= warmup ? learningRate : (learningRate * step) / warmup
}
