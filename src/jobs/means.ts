import { byPolarity, meanOf, type LabelledTokens } from '../pipeline/optimise/metrics'

/** The mean of numbers; 0 of none. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
}

/** `GROUP/positive`, `GROUP/negative`, `GROUP/neutral`: means over the tokens of each sign, where there are any. */
export function meansByPolarity(group: string, answers: readonly LabelledTokens[]): Record<string, number> {
  const metrics: Record<string, number> = {}
  for (const [polarity, sums] of Object.entries(byPolarity(answers))) {
    const value = meanOf(sums)
    if (value !== null) metrics[`${group}/${polarity}`] = value
  }
  return metrics
}
