import type { MetricsRow } from '../../../../contract/job'
import type { ChartData } from '../../parts/curves'

/** Loss on train and on dev over a critic's training. */
export function trainingCurve(rows: readonly MetricsRow[]): ChartData {
  const curves = [
    { metric: 'loss', label: 'train', colour: '--accent' },
    { metric: 'dev/loss', label: 'dev', colour: '--neutral', dash: [4, 2] }
  ]
  return {
    title: 'Loss',
    unit: 'nats a token',
    steps: rows.map(({ step }) => step),
    curves: curves.map(({ metric, ...curve }) => ({
      ...curve,
      values: rows.map((row) => row[metric] ?? null)
    }))
  }
}
