import type { MetricsRow } from '../../contract/job'

/** One line of the report's summary: the mean of a metric over the first and over the last steps that have it. */
export interface SummaryRow {
  readonly metric: string
  readonly first: number
  readonly last: number
  /** Steps that have this metric. */
  readonly steps: number
}

/** Steps at either end that are taken together: single steps are noisy. */
export const SUMMARY_WINDOW = 10

/** Every metric but times, in the order in which the run first wrote them. */
export function summarise(rows: readonly MetricsRow[]): SummaryRow[] {
  const names = new Set(rows.flatMap((row) => Object.keys(row)))
  return [...names].filter(isResult).map((metric) => {
    const values = rows.map((row) => row[metric]).filter((value) => value !== undefined)
    return {
      metric,
      first: mean(values.slice(0, SUMMARY_WINDOW)),
      last: mean(values.slice(-SUMMARY_WINDOW)),
      steps: values.length
    }
  })
}

const isResult = (name: string): boolean =>
  name !== 'step' && !name.startsWith('time/') && name !== 'tokens_per_second'

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)

/** Four significant digits, as every number of the report is written. */
export const inDigits = (value: number): string => String(Number(value.toPrecision(4)))
