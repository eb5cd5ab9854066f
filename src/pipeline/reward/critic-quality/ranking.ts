import { tokenLabels, tokenWords, wordOffsets, type PredictedSpan } from './answer'
import type { Span } from '../../annotate/span'
import { inTurn } from './diversity'
import { markedAlike } from './marked-alike'

/** An answer that a critic has judged, with whatever else is known of it. */
export interface RankedInput {
  readonly responseId: string
  readonly text: string
  /** People's spans; null where nobody has read it. */
  readonly people: readonly Span[] | null
  /** Spans of each critic; the first is the one that ranks. */
  readonly critics: readonly (readonly PredictedSpan[])[]
}

/** What speaks for looking at an answer. All shares are in [0, 1]. */
export interface Ranked {
  readonly responseId: string
  /** Of the words that somebody marked, the share on which critic and people differ; null where nobody has read it. */
  readonly disagreement: number | null
  /** The same between critics, at its largest; 0 with one critic. */
  readonly critics: number
  /** How unsure the critic is of its marks: 1 where all have confidence 0.5, 0 where all have 0 or 1, or none is given. */
  readonly uncertainty: number
  /** Share of its words that no answer read by people has. */
  readonly novelty: number
  /** What puts an unread answer in front: uncertainty, disagreement of critics, words not covered, a third each. */
  readonly worth: number
  /** When to look at it, from 0: by worth, and unlike those before it; null where people have read it. */
  readonly turn: number | null
}

/** Every answer with what speaks for looking at it next (uncertainty, disagreement, coverage), and when. */
export function rankAnswers(answers: readonly RankedInput[]): Ranked[] {
  const known = new Set(answers.filter(({ people }) => people !== null).flatMap(({ text }) => wordsOf(text)))
  const ranked = answers.map(({ responseId, text, people, critics }) => {
    const at = { text, offsets: wordOffsets(text) }
    const labels = critics.map((spans) => tokenLabels(at, spans))
    const words = [...new Set(wordsOf(text))]
    const [own, ...others] = labels
    const between = Math.max(0, ...others.map((other) => differ(own, other)))
    const uncertainty = unsure(critics[0] ?? [])
    const novelty = words.length === 0 ? 0 : words.filter((word) => !known.has(word)).length / words.length
    return {
      responseId,
      disagreement: people === null || own === undefined ? null : differ(own, tokenLabels(at, people)),
      critics: between,
      uncertainty,
      novelty,
      worth: (uncertainty + between + novelty) / 3
    }
  })
  const unread = [...answers.keys()].filter((place) => answers[place].people === null)
  const order = inTurn(unread.map((place) => ({ text: answers[place].text, worth: ranked[place].worth })))
  const turns = new Map(order.map((one, turn) => [unread[one], turn]))
  return ranked.map((one, place) => ({ ...one, turn: turns.get(place) ?? null }))
}

const wordsOf = (text: string): string[] => tokenWords(text, wordOffsets(text))

function differ(first: Int8Array, second: Int8Array): number {
  const { marked, alike } = markedAlike(first, second)
  return marked === 0 ? 0 : (marked - alike) / marked
}

function unsure(spans: readonly PredictedSpan[]): number {
  const told = spans.flatMap(({ confidence }) => (confidence === undefined ? [] : [confidence]))
  if (told.length === 0) return 0
  return told.reduce((sum, confidence) => sum + 1 - Math.abs(2 * confidence - 1), 0) / told.length
}
