import { tokenLabels, type EvaluatedAnswer, type PersonMarks } from './answer'
import type { Span } from '../../annotate/span'
import { matchRanges } from './span-match'
import { share } from './tally'

/** How two annotators agree over the answers that both read. */
export interface PairAgreement {
  readonly first: string
  readonly second: string
  readonly answers: number
  /** 2 × matches / spans of both; polarity and category ignored, as `agree` has it. null where neither marked anything. */
  readonly spanF1: { readonly exact: number | null; readonly iou50: number | null }
  /** Cohen's kappa (1960) of the tokens' signs: poor, unmarked, good. null where chance alone would agree everywhere. */
  readonly kappa: number | null
}

export interface Agreement {
  /** The critic as one more annotator, beside each person. */
  readonly withCritic: readonly PairAgreement[]
  readonly amongPeople: readonly PairAgreement[]
}

/** Name of the critic in a pair. */
export const theCritic = 'critic'

/** Every pair that has answers in common. A failed critique is one that marks nothing. */
export function agreementOf(answers: readonly EvaluatedAnswer[]): Agreement {
  const withCritic = new Map<string, Pair>()
  const amongPeople = new Map<string, Pair>()
  for (const answer of answers) {
    const predicted = answer.predicted.status === 'ok' ? answer.predicted.spans : []
    const critic = marksOf(answer, { person: theCritic, critique: '', spans: predicted })
    const people = answer.people.map((marks) => marksOf(answer, marks))
    people.sort((a, b) => (a.person < b.person ? -1 : 1))
    for (const [i, person] of people.entries()) {
      pairOf(withCritic, person.person, theCritic).add(person, critic)
      for (const other of people.slice(i + 1))
        pairOf(amongPeople, person.person, other.person).add(person, other)
    }
  }
  const list = (pairs: ReadonlyMap<string, Pair>): PairAgreement[] =>
    [...pairs.values()].map((pair) => pair.agreement())
  return { withCritic: list(withCritic), amongPeople: list(amongPeople) }
}

interface Marks {
  readonly person: string
  readonly spans: readonly Span[]
  readonly labels: Int8Array
}

/** A person's identical boundaries count once. */
function marksOf(answer: EvaluatedAnswer, { person, spans }: PersonMarks): Marks {
  const places = new Map(spans.map((span) => [`${span.start}-${span.end}`, span]))
  return { person, spans: [...places.values()], labels: tokenLabels(answer, spans) }
}

function pairOf(pairs: Map<string, Pair>, first: string, second: string): Pair {
  const key = JSON.stringify([first, second])
  const pair = pairs.get(key) ?? new Pair(first, second)
  pairs.set(key, pair)
  return pair
}

/** Sums over the answers of one pair. */
class Pair {
  private answers = 0
  private spans = 0
  private exact = 0
  private iou50 = 0
  /** Tokens by the two signs: row of the first, column of the second. */
  private readonly table = new Float64Array(9)

  constructor(
    private readonly first: string,
    private readonly second: string
  ) {}

  add(first: Marks, second: Marks): void {
    const matches = matchRanges(first.spans, second.spans)
    this.answers++
    this.spans += first.spans.length + second.spans.length
    this.exact += matches.exact
    this.iou50 += matches.iou50
    first.labels.forEach((label, token) => this.table[(label + 1) * 3 + second.labels[token] + 1]++)
  }

  agreement(): PairAgreement {
    const spanF1 = { exact: share(2 * this.exact, this.spans), iou50: share(2 * this.iou50, this.spans) }
    return {
      first: this.first,
      second: this.second,
      answers: this.answers,
      spanF1,
      kappa: cohensKappa(this.table, 3)
    }
  }
}

/**
 * Cohen's kappa of a square table of counts, row-major.
 * @returns null for an empty table, and where agreement by chance is complete
 */
export function cohensKappa(table: ArrayLike<number>, classes: number): number | null {
  let total = 0
  let observed = 0
  const rows = new Float64Array(classes)
  const columns = new Float64Array(classes)
  for (let row = 0; row < classes; row++)
    for (let column = 0; column < classes; column++) {
      const count = table[row * classes + column]
      total += count
      rows[row] += count
      columns[column] += count
      if (row === column) observed += count
    }
  if (total === 0) return null
  const byChance = rows.reduce((sum, row, i) => sum + row * columns[i], 0) / total ** 2
  return byChance === 1 ? null : (observed / total - byChance) / (1 - byChance)
}
