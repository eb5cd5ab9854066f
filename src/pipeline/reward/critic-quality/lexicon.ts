import { goldSpans, tokenLabels, tokenWords, type GoldAnswer } from './answer'
import { bestThreshold, type Scored } from './threshold'

/** A baseline: signs for the tokens of an answer that it has not seen. */
export type Labeller = (answer: GoldAnswer) => Int8Array

/** A word seen less often than this says nothing. */
const leastSeen = 2

/**
 * The words most associated with each polarity: a word's score is the share of its tokens in train that people marked
 * so (with one made-up token at the base rate, so that rare words do not lead), and words above a threshold mark
 * whatever they are in. The thresholds are those of best F1 on train itself, which flatters the lexicon.
 */
export function lexicon(train: readonly GoldAnswer[]): Labeller {
  const seen = train.map((answer) => ({
    words: tokenWords(answer.text, answer.offsets),
    labels: tokenLabels(answer, goldSpans(answer))
  }))
  const poor = scoresOf(seen, -1)
  const good = scoresOf(seen, 1)
  return (answer) => {
    const words = tokenWords(answer.text, answer.offsets)
    return Int8Array.from(words, (word) => {
      const [bad, fine] = [margin(poor, word), margin(good, word)]
      if (bad < 0 && fine < 0) return 0
      return bad >= fine ? -1 : 1
    })
  }
}

interface Scores {
  readonly byWord: ReadonlyMap<string, number>
  readonly threshold: number
}

/** How far a word is above the threshold; below it, or unknown, −1. */
function margin({ byWord, threshold }: Scores, word: string): number {
  const score = byWord.get(word)
  return score === undefined || score < threshold ? -1 : score - threshold
}

function scoresOf(
  seen: readonly { readonly words: readonly string[]; readonly labels: Int8Array }[],
  sign: 1 | -1
): Scores {
  const counts = new Map<string, { marked: number; all: number }>()
  let marked = 0
  let all = 0
  for (const { words, labels } of seen)
    words.forEach((word, token) => {
      const count = counts.get(word) ?? { marked: 0, all: 0 }
      counts.set(word, count)
      count.all++
      all++
      if (labels[token] !== sign) return
      count.marked++
      marked++
    })
  const rate = all === 0 ? 0 : marked / all
  const byWord = new Map<string, number>()
  for (const [word, count] of counts)
    if (word !== '' && count.all >= leastSeen) byWord.set(word, (count.marked + rate) / (count.all + 1))
  const scored: Scored[] = seen.flatMap(({ words, labels }) =>
    words.map((word, token) => ({ score: byWord.get(word) ?? -1, wanted: labels[token] === sign }))
  )
  return { byWord, threshold: bestThreshold(scored) }
}
