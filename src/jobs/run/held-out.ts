import type { ParameterSet } from '../../engine/graph'
import type { Interval } from '../../pipeline/review/interval'
import { logProbGap, type ScoredAnswer } from '../../pipeline/review/log-prob-gap'
import { meansByPolarity, mean } from '../means'
import type { AnnotatedAnswer } from './annotated-answers'
import { PaddedBatch } from '../batch'
import type { BatchScorer } from '../sessions/micro-batches'

/** Of one answer, a number for each of its tokens, in nats. */
export interface AnswerScores {
  readonly logProbs: Float32Array
  readonly kl: Float32Array
  readonly entropy: Float32Array
}

/** Scores any number of answers, each with the scorer of its length, `rows` at a time; in the order given. */
export async function scoreAnswers(
  scorerOf: (answer: AnnotatedAnswer) => { readonly scorer: BatchScorer; readonly length: number },
  answers: readonly AnnotatedAnswer[],
  { rows, temperature, parameters, between }: ScoreOptions
): Promise<AnswerScores[]> {
  const scored = new Array<AnswerScores>(answers.length)
  const waiting = new Map<BatchScorer, { length: number; indices: number[] }>()
  answers.forEach((answer, index) => {
    const { scorer, length } = scorerOf(answer)
    const group = waiting.get(scorer) ?? { length, indices: [] }
    group.indices.push(index)
    waiting.set(scorer, group)
  })
  for (const [scorer, { length, indices }] of waiting)
    for (let first = 0; first < indices.length; first += rows) {
      between?.()
      const group = indices.slice(first, first + rows)
      const batch = new PaddedBatch(
        group.map((index) => answers[index].answer),
        rows,
        length
      )
      const { ids, lengths, mask } = batch
      const scores = await scorer.score({ ids, mask, lengths, temperature, parameters })
      group.forEach((index, row) => {
        scored[index] = {
          logProbs: batch.gather(scores.logProbs, row),
          kl: batch.gather(scores.kl, row),
          entropy: batch.gather(scores.entropy, row)
        }
      })
    }
  return scored
}

interface ScoreOptions {
  readonly rows: number
  readonly temperature: number
  readonly parameters: ParameterSet
  /** Called before each batch; what it throws ends the scoring. */
  readonly between?: () => void
}

/** Drawn anew for the intervals of every evaluation. */
const RESAMPLES = 500

/** What training has done to each token of the answers, in nats. */
export const changesOf = (
  answers: readonly AnnotatedAnswer[],
  start: readonly AnswerScores[],
  now: readonly AnswerScores[]
): ScoredAnswer[] =>
  answers.map(({ answer, judged }, index) => ({
    documentId: answer.documentId,
    labels: judged.labels,
    changes: now[index].logProbs.map((value, token) => value - start[index].logProbs[token])
  }))

/**
 * What the run has done so far to one group of answers: mean change of log-probability by polarity; the gap between
 * marked and neutral tokens, and the same against neutral tokens at the same place of an answer (`…_matched`), each
 * with a bootstrap interval over documents (`…_low`, `…_high`); `gap`, the good one less the poor one; and the KL in
 * nats a token.
 */
export function changeMetrics(
  group: 'train' | 'heldout',
  answers: readonly AnnotatedAnswer[],
  start: readonly AnswerScores[],
  now: readonly AnswerScores[],
  seed: number
): Record<string, number> {
  if (answers.length === 0) return {}
  const changed = changesOf(answers, start, now)
  const metrics = meansByPolarity(
    `${group}/logprob_change`,
    changed.map(({ changes, labels }) => ({ values: changes, labels, ok: true }))
  )
  metrics[`${group}/kl`] = mean(now.flatMap(({ kl }) => [...kl]))
  for (const [name, label] of polarities) {
    const gap = logProbGap(changed, label, { seed, resamples: RESAMPLES })
    // One number that grows with either polarity: how far good words have risen and poor ones fallen.
    if (gap) metrics[`${group}/gap`] = (metrics[`${group}/gap`] ?? 0) + label * gap.gap.value
    addInterval(metrics, `${group}/gap_${name}`, gap?.gap)
    addInterval(metrics, `${group}/gap_${name}_matched`, gap?.controlled)
  }
  return metrics
}

const polarities = [
  ['negative', -1],
  ['positive', 1]
] as const

function addInterval(
  metrics: Record<string, number>,
  name: string,
  interval: Interval | null | undefined
): void {
  if (!interval) return
  metrics[name] = interval.value
  metrics[`${name}_low`] = interval.low
  metrics[`${name}_high`] = interval.high
}
