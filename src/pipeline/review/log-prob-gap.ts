import type { Label } from '../annotate/span'
import { bootstrap, type BootstrapOptions, type Interval } from './interval'

/** An answer whose tokens were scored before and after training. */
export interface ScoredAnswer {
  /** Change of each token's log-probability, in nats. */
  readonly changes: Float32Array
  readonly labels: Int8Array
  /** Answers of one document are drawn together. */
  readonly documentId: string
}

/** Did training act on the marked words, or on the places where marks tend to be? */
export interface LogProbGap {
  /** Mean change on marked tokens, and on tokens with no sign. */
  readonly marked: number
  readonly neutral: number
  /** marked − neutral. */
  readonly gap: Interval
  /**
   * The gap with position controlled: every marked token is compared with the neutral ones of all answers in the same
   * tenth of their answer (method 9.7). Nothing is left of a gap that comes from place alone.
   */
  readonly controlled: Interval | null
}

const bins = 10

/** Sums by place in the answer: all that the resampling needs of a document. */
interface Sums {
  readonly marked: Float64Array
  readonly markedCount: Float64Array
  readonly neutral: Float64Array
  readonly neutralCount: Float64Array
}

/**
 * Mean change of log-probability on tokens of one sign against that on neutral tokens, with bootstrap intervals over
 * documents. null where there are no tokens of either kind.
 */
export function logProbGap(
  answers: readonly ScoredAnswer[],
  label: Exclude<Label, 0>,
  options: BootstrapOptions
): LogProbGap | null {
  const documents = [...sumByDocument(answers, label).values()]
  const gap = bootstrap(documents, (drawn) => plainGap(add(drawn)), options)
  if (gap === null) return null
  const all = add(documents)
  return {
    marked: total(all.marked) / total(all.markedCount),
    neutral: total(all.neutral) / total(all.neutralCount),
    gap,
    controlled: bootstrap(documents, (drawn) => controlledGap(add(drawn)), options)
  }
}

function plainGap({ marked, markedCount, neutral, neutralCount }: Sums): number | null {
  const [markedTokens, neutralTokens] = [total(markedCount), total(neutralCount)]
  if (markedTokens === 0 || neutralTokens === 0) return null
  return total(marked) / markedTokens - total(neutral) / neutralTokens
}

/** Places where nothing is neutral have nothing to compare with and are left out. */
function controlledGap({ marked, markedCount, neutral, neutralCount }: Sums): number | null {
  let sum = 0
  let count = 0
  for (let bin = 0; bin < bins; bin++) {
    if (neutralCount[bin] === 0) continue
    sum += marked[bin] - (markedCount[bin] * neutral[bin]) / neutralCount[bin]
    count += markedCount[bin]
  }
  return count === 0 ? null : sum / count
}

const empty = (): Sums => ({
  marked: new Float64Array(bins),
  markedCount: new Float64Array(bins),
  neutral: new Float64Array(bins),
  neutralCount: new Float64Array(bins)
})

function sumByDocument(answers: readonly ScoredAnswer[], label: Label): Map<string, Sums> {
  const documents = new Map<string, Sums>()
  for (const { changes, labels, documentId } of answers) {
    const sums = documents.get(documentId) ?? empty()
    documents.set(documentId, sums)
    changes.forEach((change, token) => {
      const bin = Math.floor((token * bins) / changes.length)
      if (labels[token] === label) {
        sums.marked[bin] += change
        sums.markedCount[bin]++
      } else if (labels[token] === 0) {
        sums.neutral[bin] += change
        sums.neutralCount[bin]++
      }
    })
  }
  return documents
}

function add(documents: readonly Sums[]): Sums {
  const all = empty()
  for (const document of documents)
    for (const key of ['marked', 'markedCount', 'neutral', 'neutralCount'] as const)
      for (let bin = 0; bin < bins; bin++) all[key][bin] += document[key][bin]
  return all
}

const total = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0)
