import { z } from 'zod'
import { id, route } from './route'
import type { RunView } from './runs'

/** Before and after a run. */
export const reviewRoutes = {
  'review.open': route(z.strictObject({ runId: id })).returns<ReviewView>(),
  'review.report': route(z.strictObject({ runId: id })).returns<{ path: string } | null>()
} as const

export interface ReviewAnswer {
  readonly text: string
  readonly ids: readonly number[]
  readonly offsets: readonly (readonly [number, number])[]
  readonly rewards: readonly number[]
  readonly critique: string
  readonly spans: readonly {
    readonly start: number
    readonly end: number
    readonly label: number
    readonly reason?: string
  }[]
  /** Log-probability under the adapter minus that under the starting model, per token, in nats. */
  readonly logProbChange: readonly number[]
}
export interface ReviewPair {
  readonly prompt: string
  readonly seed: number
  readonly before: ReviewAnswer
  readonly after: ReviewAnswer
}
export interface Signature {
  readonly model: string
  readonly adapter: string | null
}
export interface ReviewView {
  readonly run: RunView
  readonly before: Signature
  readonly after: Signature
  readonly pairs: readonly ReviewPair[]
}
