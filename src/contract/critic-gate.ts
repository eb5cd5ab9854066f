import { z } from 'zod'
import { criticThresholds } from './critic-thresholds'

/** Whether the run's critic may be trained on, by what, and who overrode it. */
export const criticGate = z.strictObject({
  /** `exempt`: people wrote what it goes by, rules or tests; `evaluation`: measured against people. */
  by: z.enum(['exempt', 'evaluation']),
  passed: z.boolean(),
  /** One sentence. */
  because: z.string(),
  evaluation: z
    .strictObject({ criticVersion: z.string(), splitSha256: z.string(), evaluatedAt: z.string() })
    .nullable(),
  /** A person who let the run begin all the same. */
  override: z.strictObject({ person: z.string(), at: z.iso.datetime(), reason: z.string() }).nullable(),
  /** What it was held against; absent where it was never measured. */
  thresholds: criticThresholds.optional()
})
export type CriticGate = z.infer<typeof criticGate>
