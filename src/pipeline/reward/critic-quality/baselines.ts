import { chance } from '../../optimise/chance'
import {
  goldSpans,
  runsOf,
  tokenLabels,
  type EvaluatedAnswer,
  type GoldAnswer,
  type PredictedSpan
} from './answer'
import { bagOfWords } from './bag-of-words'
import { lexicon, type Labeller } from './lexicon'

/** What a critic has to be better than. */
export const baselineNames = ['randomSpans', 'majority', 'allPoor', 'lexicon', 'bagOfWords'] as const
export type BaselineName = (typeof baselineNames)[number]

/**
 * Every baseline's marks on the answers to be evaluated. `randomSpans`: as many spans as people's, of the same lengths
 * and signs, anywhere in the answer. `majority`: the sign that most tokens of train have. `allPoor`: every token poor.
 * Those that learn do so from `train` alone.
 */
export function baselineAnswers(
  answers: readonly GoldAnswer[],
  train: readonly GoldAnswer[],
  seed: number
): Record<BaselineName, EvaluatedAnswer[]> {
  const majority = majoritySign(train)
  const with_ = (labeller: Labeller): EvaluatedAnswer[] =>
    answers.map((answer) => predicting(answer, runsOf(labeller(answer), answer.offsets)))
  const everywhere =
    (sign: number): Labeller =>
    ({ offsets }) =>
      new Int8Array(offsets.length).fill(sign)
  return {
    randomSpans: answers.map((answer, i) => predicting(answer, randomSpans(answer, seed, i))),
    majority: with_(everywhere(majority)),
    allPoor: with_(everywhere(-1)),
    lexicon: with_(lexicon(train)),
    bagOfWords: with_(bagOfWords(train, seed))
  }
}

const predicting = (answer: GoldAnswer, spans: readonly PredictedSpan[]): EvaluatedAnswer => ({
  ...answer,
  predicted: { status: 'ok', critique: '', spans }
})

function randomSpans(answer: GoldAnswer, seed: number, sample: number): PredictedSpan[] {
  const draws = chance(seed, 'randomSpans', 0, sample)
  const length = [...answer.text].length
  return goldSpans(answer).map(({ start, end, polarity }) => {
    const from = draws.integer(Math.max(1, length - (end - start) + 1))
    return { start: from, end: from + end - start, polarity }
  })
}

function majoritySign(train: readonly GoldAnswer[]): number {
  const counts = [0, 0, 0]
  for (const answer of train) for (const label of tokenLabels(answer, goldSpans(answer))) counts[label + 1]++
  return counts.indexOf(Math.max(...counts)) - 1
}
