import type { MetricsRow } from '../../contract/job'
import type { RunConfig } from '../../contract/run-config'

/** Answers that had no part in a run, because its critic failed on them or what it said found no place. */
export interface CriticFailures {
  readonly failed: number
  readonly answers: number | null
}

/**
 * Counted from `metrics.jsonl`: every step of rollouts has answers of its own, and stored answers are judged once for
 * the whole run. `answers`: those that were judged; null for stored ones, which the metrics do not count.
 */
export function criticFailures(
  { source, batch }: Pick<RunConfig, 'source' | 'batch'>,
  metrics: readonly MetricsRow[]
): CriticFailures {
  const counts = metrics.map((row): number => row['critic/failed'] ?? 0)
  return source === 'rollouts'
    ? { failed: counts.reduce((sum, count) => sum + count, 0), answers: batch * metrics.length }
    : { failed: counts.at(-1) ?? 0, answers: null }
}

/** For a person; empty where nothing failed. */
export const failuresText = ({ failed, answers }: CriticFailures): string =>
  failed === 0
    ? ''
    : `The critic failed on ${failed}${answers === null ? '' : ` of ${answers}`} answers; they had no part in any step.`
