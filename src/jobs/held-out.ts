import type { ParameterSet } from '../engine/graph'
import type { Scorer } from '../engine/rl/scorer'
import { meansByPolarity, mean } from './means'
import type { AnnotatedAnswer } from './annotated-answers'
import { PaddedBatch } from './batch'
import { positionMatchedGap } from './position-gap'

/** Of one answer, a number for each of its tokens, in nats. */
export interface AnswerScores {
  readonly logProbs: Float32Array
  readonly kl: Float32Array
  readonly entropy: Float32Array
}

/** Scores any number of answers, `rows` at a time. */
export async function scoreAnswers(
  scorer: Scorer,
  answers: readonly AnnotatedAnswer[],
  shape: {
    readonly rows: number
    readonly length: number
    readonly temperature: number
    readonly parameters: ParameterSet
  }
): Promise<AnswerScores[]> {
  const scored: AnswerScores[] = []
  for (let first = 0; first < answers.length; first += shape.rows) {
    const group = answers.slice(first, first + shape.rows).map(({ answer }) => answer)
    const batch = new PaddedBatch(group, shape.rows, shape.length)
    const scores = await scorer.score({ ids: batch.ids, ...shape })
    group.forEach((_, row) =>
      scored.push({
        logProbs: batch.gather(scores.logProbs, row),
        kl: batch.gather(scores.kl, row),
        entropy: batch.gather(scores.entropy, row)
      })
    )
  }
  return scored
}

/**
 * What the run has done so far to one group of answers: mean change of log-probability by polarity, the gap between
 * marked and neutral tokens, the same against neutral tokens at the same place of an answer, and the KL.
 */
export function changeMetrics(
  group: 'train' | 'heldout',
  answers: readonly AnnotatedAnswer[],
  start: readonly AnswerScores[],
  now: readonly AnswerScores[]
): Record<string, number> {
  if (answers.length === 0) return {}
  const changed = answers.map(({ judged }, index) => ({
    labels: judged.labels,
    change: now[index].logProbs.map((value, token) => value - start[index].logProbs[token])
  }))
  const means = meansByPolarity(
    `${group}/logprob_change`,
    changed.map(({ change, labels }) => ({ values: change, labels, ok: true }))
  )
  const metrics: Record<string, number | undefined> = {
    ...means,
    [`${group}/kl`]: mean(now.flatMap(({ kl }) => [...kl]))
  }
  for (const [name, label] of [
    ['negative', -1],
    ['positive', 1]
  ] as const) {
    const marked = means[`${group}/logprob_change/${name}`]
    const neutral = means[`${group}/logprob_change/neutral`]
    if (marked === undefined || neutral === undefined) continue
    metrics[`${group}/gap_${name}`] = marked - neutral
    metrics[`${group}/gap_${name}_matched`] = positionMatchedGap(changed, label)
  }
  return Object.fromEntries(
    Object.entries(metrics).filter((entry): entry is [string, number] => entry[1] !== undefined)
  )
}
