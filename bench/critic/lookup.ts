import type { TaskExample } from '../../scripts/critic-task/examples'
import {
  tokenWords,
  wordOffsets,
  type EvaluatedAnswer,
  type GoldAnswer
} from '../../src/pipeline/reward/critic-quality/answer'
import { figuresOf } from '../../src/pipeline/reward/critic-quality/figures'
import { addTallies, tallyOf } from '../../src/pipeline/reward/critic-quality/tally'

const wordsOf = (text: string): string[] => tokenWords(text, wordOffsets(text))

/**
 * What comparing words with the prompt is worth by itself, as F1 of poor tokens: `absent` calls every word poor that does
 * not stand in the prompt; `unheard` only those that no answer of the training has either, which is as far as one gets
 * without knowing what a word is for.
 */
export function lookupF1(
  test: readonly (readonly [TaskExample, GoldAnswer])[],
  train: readonly TaskExample[]
): Record<'absent' | 'unheard', number | null> {
  const heard = new Set(train.flatMap(({ response }) => wordsOf(response)))
  const f1 = (known: ReadonlySet<string>): number | null => {
    const judged = test.map(([{ prompt }, answer]) =>
      markUnknown(answer, new Set([...wordsOf(prompt), ...known]))
    )
    return figuresOf(addTallies(judged.map(tallyOf))).tokens.negative.f1
  }
  return { absent: f1(new Set()), unheard: f1(heard) }
}

/** Every word that is not known is poor; punctuation is known. */
function markUnknown(answer: GoldAnswer, known: ReadonlySet<string>): EvaluatedAnswer {
  const words = wordsOf(answer.text)
  const spans = wordOffsets(answer.text).flatMap(([start, end], word) =>
    known.has(words[word]) || !/[\p{L}\p{N}]/u.test(words[word])
      ? []
      : [{ start, end, polarity: 'poor' as const }]
  )
  return { ...answer, predicted: { status: 'ok', critique: '', spans } }
}
