import { z } from 'zod'
import type { CriticQuality } from '../pipeline/reward/critic-quality/quality'

const codePoint = z.int().min(0)
const span = z.strictObject({
  start: codePoint,
  end: codePoint,
  polarity: z.enum(['good', 'poor', 'neutral']),
  reason: z.string().optional()
})

/** A line of the file that an evaluation reads: an answer that people marked. Those of train are for baselines only. */
export const evaluationAnswer = z.strictObject({
  responseId: z.string(),
  documentId: z.string(),
  use: z.enum(['train', 'evaluate']),
  messages: z.array(z.strictObject({ role: z.enum(['system', 'user', 'assistant']), content: z.string() })),
  text: z.string(),
  /** Code-point range of each token. */
  offsets: z.array(z.tuple([codePoint, codePoint])),
  people: z.array(
    z.strictObject({
      person: z.string(),
      critique: z.string(),
      spans: z.array(span),
      /** Versions of critics whose predictions this began as, or took marks from. */
      corrects: z.array(z.string()).optional()
    })
  ),
  tests: z.strictObject({ test: z.string(), entryPoint: z.string() }).optional()
})
export type EvaluationAnswer = z.infer<typeof evaluationAnswer>

const interval = z.strictObject({ value: z.number(), low: z.number(), high: z.number() }).nullable()

/** Of the figures, those that the gate reads; the rest passes as it is. */
const quality = z.looseObject({
  tokens: z.looseObject({ negative: z.looseObject({ f1: z.number().nullable() }) }),
  signFlip: z.number().nullable(),
  parseFailureRate: z.number(),
  documents: z.int(),
  intervals: z.record(z.string(), interval)
})

const record = z.strictObject({
  version: z.literal(1),
  critic: z.strictObject({
    /** As it was given, paths absolute. */
    specification: z.string(),
    id: z.string(),
    version: z.string(),
    /** What tells this critic from any other without opening it: see `app/critics/fingerprint`. */
    fingerprint: z.string()
  }),
  split: z.enum(['train', 'dev', 'test']),
  /** Of the lines `documentId split` of the documents evaluated, sorted. */
  splitSha256: z.string(),
  /** Of the file of answers: with the marks of people as they were. */
  dataSha256: z.string(),
  /** `words`, or SHA-256 of the tokenizer whose tokens were counted. */
  tokens: z.string(),
  evaluatedAt: z.iso.datetime(),
  seed: z.int().min(0),
  quality
})

/** How a critic did, as it is kept beside the project. */
export type CriticEvaluation = Omit<z.infer<typeof record>, 'quality'> & { readonly quality: CriticQuality }

/** @throws ZodError */
export const parseEvaluation = (json: unknown): CriticEvaluation =>
  record.parse(json) as unknown as CriticEvaluation

/** What the job answers. */
export interface EvaluationResult {
  readonly id: string
  readonly version: string
  readonly quality: CriticQuality
}
