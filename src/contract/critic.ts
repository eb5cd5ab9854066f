import type { Message } from '../pipeline/annotate/message'
import type { QuotedSpan, Span } from '../pipeline/annotate/span'

/** Cancels work; an AbortSignal is one. */
export interface CancelSignal {
  readonly aborted: boolean
}

/** Unit tests of a program, as in HumanEval: `test` defines `check(candidate)`, called with the entry point. */
export interface CodeTests {
  readonly test: string
  readonly entryPoint: string
}

/** One answer to be judged. */
export interface CriticInput {
  readonly prompt: readonly Message[]
  readonly response: string
  /** Read by the critic `tests` alone, which fails without them. */
  readonly tests?: CodeTests
}

/** A span that a critic placed itself keeps its offsets (code points); otherwise the quote is looked for. */
export type CriticSpan = QuotedSpan &
  Partial<Pick<Span, 'start' | 'end'>> & {
    /** Probability that the mark is right, in [0, 1], by a critic that can tell. */
    readonly confidence?: number
  }

/** What judging one answer took. */
export interface Cost {
  readonly promptTokens?: number
  readonly newTokens?: number
  readonly seconds?: number
}

/** How a program did in its tests; `error`: the sandbox itself failed. */
export type Verdict = 'pass' | 'fail' | 'timeout' | 'killed' | 'error'

/** What a critic says of one answer. A failure is a failure: it never becomes an empty list of spans. */
export type Critique =
  | {
      readonly status: 'ok'
      readonly critique: string
      readonly spans: readonly CriticSpan[]
      /** Must be set when `spans` is empty: silence has to be said. */
      readonly nothingNotable?: true
      readonly confidence?: number
      /** Share of the model's own probability that the format left it, in [0, 1]: geometric mean over the tokens. */
      readonly allowedMass?: number
      /** Stretches of the response (code points, half-open) with the probability that they are poor, marked or not. */
      readonly poorProbabilities?: readonly (readonly [start: number, end: number, probability: number])[]
      readonly cost?: Cost
      readonly verdict?: Verdict
    }
  | {
      readonly status: 'failed'
      readonly code: string
      readonly reason: string
      readonly cost?: Cost
      readonly verdict?: Verdict
    }

/** Anything that reads an answer and marks it: people's rules, tests, models. One critique per input, in order. */
export interface Critic {
  readonly id: string
  readonly version: string
  score(batch: readonly CriticInput[], signal: CancelSignal): AsyncIterable<Critique>
}
