import { z } from 'zod'
import type { Verdict } from '../../contract/critic'

/** Line of the program, from 1: those of the prompt come first. */
const line = z.int().min(1).nullable()
const name = z.string().max(500)

/** What came of the run as a whole. */
const failure = z.object({
  /** `program`: it does not compile; `tests`: they do not; `check`: it was run. */
  stage: z.enum(['program', 'tests', 'check']),
  error: name,
  message: name,
  line,
  /** Where the response is no Python, in code points. */
  syntax: z.tuple([z.int().min(0), z.int().min(0)]).nullable()
})

/** A statement of the response, or the head of a compound one. */
const suspect = z.object({
  start: z.int().min(0),
  end: z.int().min(0),
  line: z.int().min(1),
  /** Ochiai's coefficient, in [0, 1]. */
  score: z.number(),
  /** An error arose while it ran. */
  crash: z.boolean(),
  /** Tests that failed, and that passed, and came by. */
  failing: z.int().min(0),
  passing: z.int().min(0)
})
export type Suspect = z.infer<typeof suspect>

const explanation = z.object({
  /** The most suspicious first. */
  ranked: z.array(suspect),
  /** Assertions that were reached, each time that they were. */
  tests: z.int().min(0),
  failures: z.int().min(0),
  failed: z.array(
    z.object({ text: name, error: name.nullable(), message: name.nullable(), got: name.nullable(), line })
  )
})

/** What the process of a program writes, a line each. */
export const sandboxLine = z.union([
  z.strictObject({ ready: z.literal(true) }),
  z.strictObject({ end: z.literal(true) }),
  z.strictObject({ killed: name }),
  z.strictObject({ explained: explanation }),
  z.strictObject({
    verdict: z.enum(['pass', 'fail', 'timeout']),
    failure: failure.optional(),
    /** Why it failed without a failing test. */
    ended: name.optional(),
    seconds: z.number().optional(),
    value: z.unknown().optional()
  })
])
export type SandboxLine = z.infer<typeof sandboxLine>

/** What came of one program. */
export interface Outcome {
  readonly verdict: Verdict
  /** Why, for `killed`, `error` and a failure outside of the tests. */
  readonly reason?: string
  readonly failure?: z.infer<typeof failure>
  readonly explanation?: z.infer<typeof explanation>
  /** Seconds of processor time of the tests. */
  readonly seconds?: number
  /** Result of a script. */
  readonly value?: unknown
}
