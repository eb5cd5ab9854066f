import { pointOffsets } from '../../annotate/code-points'
import type { Range, Span } from '../../annotate/span'
import { alignSpans, defaultAlignRules, type TokenRange } from '../../align/align'

/** What one person said of an answer: submitted, so that no span means "read, nothing marked". */
export interface PersonMarks {
  readonly person: string
  readonly critique: string
  readonly spans: readonly Span[]
  /** Versions of critics whose predictions this began as, or took marks from: not independent of them. */
  readonly corrects?: readonly string[]
}

/** A predicted span in its place. */
export interface PredictedSpan extends Span {
  /** Probability that the mark is right, in [0, 1]. */
  readonly confidence?: number
}

/** What a critic said of an answer. A failure counts as an error everywhere; it is never an empty list. */
export type Prediction =
  | {
      readonly status: 'ok'
      readonly critique: string
      readonly spans: readonly PredictedSpan[]
      /** P(poor) of each token of the answer, from a critic that has one for every token. */
      readonly poorProbability?: readonly number[]
    }
  | { readonly status: 'failed'; readonly reason: string }

/** An answer that people have marked. */
export interface GoldAnswer {
  readonly responseId: string
  /** What was drawn independently: intervals resample documents. */
  readonly documentId: string
  readonly text: string
  /** Code-point range of each token: of the tokenizer that trains, or `wordOffsets`. */
  readonly offsets: readonly TokenRange[]
  readonly people: readonly PersonMarks[]
}

/** An answer that people have marked and a critic has judged. */
export interface EvaluatedAnswer extends GoldAnswer {
  readonly predicted: Prediction
}

/** Everyone's spans together, identical marks once: what training reads as well. */
export function goldSpans({ people }: Pick<GoldAnswer, 'people'>): Span[] {
  return uniqueSpans(people.flatMap(({ spans }) => spans))
}

/** Spans of the same place and polarity count once. */
export function uniqueSpans<S extends Span>(spans: readonly S[]): S[] {
  const found = new Map<string, S>()
  for (const span of spans) {
    const key = `${span.start}-${span.end}-${span.polarity}`
    if (!found.has(key)) found.set(key, span)
  }
  return [...found.values()]
}

/** −1, 0 or 1 for each token, as training would see the spans: where signs conflict, poor wins. */
export const tokenLabels = (
  { text, offsets }: Pick<GoldAnswer, 'text' | 'offsets'>,
  spans: readonly Span[]
): Int8Array => alignSpans({ text, offsets, spans, rules: defaultAlignRules }).labels

/** A run of letters and digits, a character of a script without spaces, or any other visible character. */
const word =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}])[\p{L}\p{M}\p{N}])+|[^\s]/gu

/** Words and punctuation marks of a text, in code points: the tokens of an evaluation without a tokenizer. */
export function wordOffsets(text: string): TokenRange[] {
  const toPoint = pointOffsets(text)
  return [...text.matchAll(word)].map(({ index, 0: found }) => [
    toPoint(index),
    toPoint(index + found.length)
  ])
}

/** The word at each token, in lower case: what a lexicon looks up. */
export function tokenWords(text: string, offsets: readonly TokenRange[]): string[] {
  const words = wordOffsets(text)
  const points = [...text]
  const spelled = words.map(([start, end]) => points.slice(start, end).join('').toLowerCase())
  let at = 0
  return offsets.map(([start, end]) => {
    while (at < words.length && words[at][1] <= start) at++
    return at < words.length && words[at][0] < end ? spelled[at] : ''
  })
}

/** Stretches of tokens that bear the same sign. */
export function runsOf(
  labels: Int8Array,
  offsets: readonly TokenRange[]
): (Range & { readonly polarity: 'good' | 'poor' })[] {
  const found: (Range & { polarity: 'good' | 'poor' })[] = []
  let from = 0
  for (let token = 1; token <= labels.length; token++) {
    if (token < labels.length && labels[token] === labels[from]) continue
    const [start, end] = [offsets[from]?.[0] ?? 0, offsets[token - 1]?.[1] ?? 0]
    if (labels[from] !== 0 && end > start)
      found.push({ start, end, polarity: labels[from] > 0 ? 'good' : 'poor' })
    from = token
  }
  return found
}
