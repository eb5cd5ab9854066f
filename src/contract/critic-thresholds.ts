import { z } from 'zod'
import type { CriticThresholds } from '../pipeline/reward/critic-quality/gate'

const fraction = z.number().min(0).max(1)

/** `CriticThresholds`, as a project keeps them. */
export const criticThresholds = z.strictObject({
  poorPrecision: fraction,
  poorF1: fraction,
  failures: fraction,
  signFlip: fraction,
  documents: z.int().min(1).max(1_000_000)
})

/** One change of a project's thresholds: who, when, and what they became. */
const thresholdsChange = z.strictObject({
  person: z.string(),
  at: z.iso.datetime(),
  thresholds: criticThresholds
})
export const thresholdsChanges = z.array(thresholdsChange)

export interface ThresholdsView {
  readonly current: CriticThresholds
  /** What a project has until somebody changes it. */
  readonly defaults: CriticThresholds
  /** The latest first. */
  readonly changes: readonly z.infer<typeof thresholdsChange>[]
}
