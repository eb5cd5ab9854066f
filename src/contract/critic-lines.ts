import { z } from 'zod'
import type { CriticSpan, Critique } from './critic'
import { labelOf } from '../pipeline/annotate/span'

/** One answer to be judged, as app and job pass it on. */
export const criticInputLine = z.strictObject({
  messages: z.array(z.strictObject({ role: z.enum(['system', 'user', 'assistant']), content: z.string() })),
  response: z.string(),
  tests: z.strictObject({ test: z.string(), entryPoint: z.string() }).optional()
})
export type CriticInputLine = z.infer<typeof criticInputLine>

const share = z.number().min(0).max(1)

/** What a critic said of one answer, its spans found in it. Offsets are code points, half-open. */
export const critiqueLine = z.strictObject({
  critique: z.string(),
  spans: z.array(
    z.strictObject({
      start: z.int().min(0),
      end: z.int().min(1),
      quote: z.string(),
      /** Counted from 1, overlapping ones included. */
      occurrence: z.int().min(1),
      label: z.union([z.literal(-1), z.literal(0), z.literal(1)]),
      confidence: share.nullable(),
      reason: z.string().optional()
    })
  ),
  status: z.enum(['ok', 'failed']),
  confidence: share.optional(),
  allowedMass: share.optional(),
  /** Of a failure. */
  code: z.string().optional(),
  reason: z.string().optional(),
  verdict: z.enum(['pass', 'fail', 'timeout', 'killed', 'error']).optional()
})
export type CritiqueLine = z.infer<typeof critiqueLine>

/** A span that has been found in the response. */
export type PlacedSpan = CriticSpan & {
  readonly start: number
  readonly end: number
  readonly occurrence: number
}

export function critiqueLineOf(critique: Critique, spans: readonly PlacedSpan[]): CritiqueLine {
  const { verdict } = critique
  const also = verdict === undefined ? {} : { verdict }
  if (critique.status === 'failed') {
    const { code, reason } = critique
    return { critique: '', spans: [], status: 'failed', code, reason, ...also }
  }
  return {
    critique: critique.critique,
    spans: spans.map(({ start, end, quote, occurrence, polarity, confidence = null, reason }) => ({
      ...{ start, end, quote, occurrence, label: labelOf[polarity], confidence },
      ...(reason !== undefined && { reason })
    })),
    status: 'ok',
    ...(critique.confidence !== undefined && { confidence: critique.confidence }),
    ...(critique.allowedMass !== undefined && { allowedMass: critique.allowedMass }),
    ...also
  }
}
