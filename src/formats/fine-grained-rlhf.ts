import { z } from 'zod'
import { codePointLength } from '../pipeline/annotate/code-points'
import type { Passage } from '../pipeline/annotate/message'
import type { ResponseRecord, SpanRecord } from '../pipeline/annotate/record'
import type { RecordFormat } from './format'
import { isObject, otherKeys, parseShape } from './shape'

/**
 * Fine-Grained RLHF's question answering feedback (Wu et al. 2023, allenai/FineGrainedRLHF, qa_feedback): a JSON
 * array. `passages` are [title, sentence, …]; the errors are spans of `prediction 1` in code points, half-open;
 * `preference` compares 1–2, 1–3, 1–4, 2–3, 2–4, 3–4. All four predictions become answers; what has no field of
 * ours (`gold`, `preference`, `missing-info`, `corrected-prediction`, any other key) is kept as it is.
 */
const recordShape = z.looseObject({
  question: z.string(),
  passages: z.array(z.array(z.string()).min(1)).default([]),
  'prediction 1': z.string(),
  feedback: z
    .looseObject({
      errors: z
        .array(
          z.looseObject({
            'error type': z.string(),
            explanation: z.string().default(''),
            start: z.number(),
            end: z.number()
          })
        )
        .default([])
    })
    .optional()
})

const predictionKey = /^prediction [1-9]\d*$/

export const fineGrainedRlhf: RecordFormat = {
  name: 'fine-grained-rlhf',
  aliases: ['fg-rlhf', 'qa-feedback'],
  person: { name: 'Fine-Grained RLHF', kind: 'import' },
  detects: (first) => isObject(first) && 'question' in first && 'prediction 1' in first,
  quotes: null,
  reader: () => (record) => {
    const shaped = parseShape(recordShape, record)
    const predictions = Object.keys(shaped).filter((key) => predictionKey.test(key))
    const known = new Set(['question', 'passages', 'feedback', ...predictions])
    return {
      document: {
        messages: [{ role: 'user', content: shaped.question }],
        passages: shaped.passages.map(toPassage),
        extra: {
          ...otherKeys(shaped, known),
          // where the sentences of each passage end, so that `missing-info` can point at them
          'sentence-lengths': shaped.passages.map(([, ...sentences]) => sentences.map(codePointLength))
        },
        responses: predictions.map((key) => toResponse(key, shaped))
      },
      repaired: []
    }
  }
}

const toPassage = ([title, ...sentences]: readonly string[]): Passage => ({
  title,
  text: sentences.join(' ')
})

function toResponse(key: string, record: z.infer<typeof recordShape>): ResponseRecord {
  const text = parseShape(z.object({ [key]: z.string() }), record)[key]
  const { feedback } = record
  if (key !== 'prediction 1' || !feedback) return { text, source: key, extra: {}, annotations: [] }
  return {
    text,
    source: key,
    extra: otherKeys(feedback, new Set(['errors'])),
    annotations: [{ person: null, status: 'submitted', critique: '', spans: feedback.errors.map(toSpan) }]
  }
}

function toSpan(error: {
  'error type': string
  explanation: string
  start: number
  end: number
}): SpanRecord {
  const { 'error type': category, explanation: reason, start, end } = error
  return { start, end, polarity: 'poor', category, reason }
}
