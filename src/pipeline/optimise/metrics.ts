import type { Label } from '../annotate/span'

/** Names in `metrics.jsonl` (cli.md): the field's own. Times in seconds, log-probabilities and KL in nats. */
export const metricNames = [
  'loss/policy',
  'loss/value',
  'objective/kl',
  'objective/entropy',
  'reward/mean',
  'delta/coverage_positive',
  'delta/coverage_negative',
  'policy/approx_kl',
  'policy/clip_fraction',
  'policy/ratio',
  'value/explained_variance',
  'logprob_change/positive',
  'logprob_change/negative',
  'logprob_change/neutral',
  'time/rollout',
  'time/reward',
  'time/update',
  'tokens_per_second'
] as const
export type MetricName = (typeof metricNames)[number]

/** Numbers and signs of the tokens of one answer. */
export interface LabelledTokens {
  readonly values: Float32Array
  readonly labels: Int8Array
  /** False: the answer failed and is left out. */
  readonly ok: boolean
}

/** A mean over tokens, kept as sum and count so that batches can be joined. */
export interface Mean {
  readonly sum: number
  readonly count: number
}

/** The mean, or null of nothing: a metric that was not measured is left out, it is not 0. */
export const meanOf = ({ sum, count }: Mean): number | null => (count === 0 ? null : sum / count)

export type MeanByPolarity = Readonly<Record<'positive' | 'negative' | 'neutral', Mean>>

/** Means over the tokens of each sign. Neutral: every token that is neither good nor poor. */
export function byPolarity(batch: readonly LabelledTokens[]): MeanByPolarity {
  const of = (label: Label): Mean => {
    let sum = 0
    let count = 0
    for (const { values, labels, ok } of batch) {
      if (!ok) continue
      values.forEach((value, token) => {
        if (labels[token] !== label) return
        sum += value
        count++
      })
    }
    return { sum, count }
  }
  return { positive: of(1), negative: of(-1), neutral: of(0) }
}

/** The three `logprob_change` metrics of a step, those that were measured. */
export function logProbChange(batch: readonly LabelledTokens[]): Partial<Record<MetricName, number>> {
  const means = byPolarity(batch)
  const metrics: Partial<Record<MetricName, number>> = {}
  for (const polarity of ['positive', 'negative', 'neutral'] as const) {
    const mean = meanOf(means[polarity])
    if (mean !== null) metrics[`logprob_change/${polarity}`] = mean
  }
  return metrics
}

/** Shares of tokens under a good and under a poor span, over the answers that count. */
export function coverage(
  batch: readonly Omit<LabelledTokens, 'values'>[]
): Record<'delta/coverage_positive' | 'delta/coverage_negative', number> {
  const values = ({ labels }: { labels: Int8Array }): Float32Array => new Float32Array(labels.length)
  const means = byPolarity(batch.map((tokens) => ({ ...tokens, values: values(tokens) })))
  const tokens = means.positive.count + means.negative.count + means.neutral.count
  return {
    'delta/coverage_positive': means.positive.count / Math.max(1, tokens),
    'delta/coverage_negative': means.negative.count / Math.max(1, tokens)
  }
}

/**
 * How much of the returns' variance the value head explains: 1 − var(returns − values) / var(returns). 1 is all of it,
 * 0 none, less than 0 worse than a constant; null when there is no variance to explain.
 */
export function explainedVariance(returns: Float32Array, values: Float32Array): number | null {
  const variance = (numbers: Float32Array): number => {
    const mean = numbers.reduce((sum, x) => sum + x, 0) / numbers.length
    return numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / numbers.length
  }
  const total = returns.length === 0 ? 0 : variance(returns)
  if (total === 0) return null
  return 1 - variance(Float32Array.from(returns, (value, token) => value - values[token])) / total
}
