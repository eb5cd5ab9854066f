import type { Message } from '../pipeline/annotate/message'
import type { QuotedSpan, Span } from '../pipeline/annotate/span'

/** Cancels work; an AbortSignal is one. */
export interface CancelSignal {
  readonly aborted: boolean
}

/** One answer to be judged. */
export interface CriticInput {
  readonly prompt: readonly Message[]
  readonly response: string
}

/** A span that a critic placed itself keeps its offsets (code points); otherwise the quote is looked for. */
export type CriticSpan = QuotedSpan & Partial<Pick<Span, 'start' | 'end'>>

/** What a critic says of one answer. A failure is a failure: it never becomes an empty list of spans. */
export type Critique =
  | {
      readonly status: 'ok'
      readonly critique: string
      readonly spans: readonly CriticSpan[]
      /** Must be set when `spans` is empty: silence has to be said. */
      readonly nothingNotable?: true
      readonly confidence?: number
    }
  | { readonly status: 'failed'; readonly code: string; readonly reason: string }

/** Anything that reads an answer and marks it: people's rules, tests, models. One critique per input, in order. */
export interface Critic {
  readonly id: string
  readonly version: string
  score(batch: readonly CriticInput[], signal: CancelSignal): AsyncIterable<Critique>
}
