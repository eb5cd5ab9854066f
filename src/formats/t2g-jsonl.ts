import { z } from 'zod'
import type { AnnotationRecord, DocumentRecord, ResponseRecord } from '../pipeline/annotate/record'
import { Failure } from '../pipeline/failure'
import type { RecordFormat } from './format'
import { isObject, messageShape, parseShape, passageShape } from './shape'

/**
 * Our own lossless JSON Lines. First line: a header. Then each document on a line, followed by its answers, a line
 * each with their annotations and spans. Everything but the history: ids, split, persons, statuses, what was
 * retracted, how an answer was sampled, and what a source said that has no field. Offsets are code points.
 */
export const t2gHeader = { t2g: 'text2grad-jsonl', version: 1 } as const

const idShape = z.string().min(1).max(64)
const extraShape = z.record(z.string(), z.unknown())
const personShape = z.strictObject({
  name: z.string().min(1).max(200),
  kind: z.enum(['person', 'import', 'model', 'sample'])
})
const spanShape = z.strictObject({
  id: idShape,
  start: z.number(),
  end: z.number(),
  quote: z.string(),
  polarity: z.enum(['good', 'poor', 'neutral']),
  reason: z.string().optional(),
  category: z.string().optional(),
  confidence: z.number().optional(),
  base: idShape.optional(),
  retracted: z.literal(true).optional()
})
const annotationShape = z.strictObject({
  id: idShape,
  person: personShape,
  status: z.enum(['draft', 'submitted']),
  critique: z.string(),
  guideline: z.string().optional(),
  base: idShape.optional(),
  retracted: z.literal(true).optional(),
  spans: z.array(spanShape)
})
const samplingShape = z.strictObject({
  ids: z.array(z.int().min(0)),
  finish: z.enum(['eos', 'length']),
  tokenizerHash: z.string(),
  modelHash: z.string(),
  adapterHash: z.string().nullable(),
  template: z.string(),
  temperature: z.number(),
  seed: z.number()
})
const lineShape = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('document'),
    id: idShape,
    split: z.enum(['train', 'dev', 'test']),
    messages: z.array(messageShape).min(1),
    passages: z.array(passageShape),
    extra: extraShape
  }),
  z.strictObject({
    type: z.literal('response'),
    id: idShape,
    document: idShape,
    source: z.string(),
    text: z.string(),
    extra: extraShape,
    sampling: samplingShape.optional(),
    annotations: z.array(annotationShape)
  })
])

/** Lines of one document with its answers. */
export function documentLine(document: DocumentRecord): string {
  const { id, split, messages, passages, extra } = document
  return JSON.stringify({ type: 'document', id, split, messages, passages, extra })
}

export function responseLine(documentId: string, response: ResponseRecord): string {
  const { id, source, text, extra, sampling, annotations } = response
  return JSON.stringify({
    type: 'response',
    id,
    document: documentId,
    source,
    text,
    extra,
    sampling,
    annotations: annotations.map(({ person, spans, ...rest }: AnnotationRecord) => ({
      ...rest,
      person,
      spans
    }))
  })
}

export const t2gJsonl: RecordFormat = {
  name: 't2g-jsonl',
  aliases: ['t2g', 'text2grad-jsonl'],
  person: { name: 'Imported', kind: 'import' },
  detects: (first) => isObject(first) && first.t2g === t2gHeader.t2g,
  quotes: null,
  reader: () => {
    let document: DocumentRecord | null = null
    return (record) => {
      if (isObject(record) && 't2g' in record) {
        assertHeader(record)
        return { document: null, repaired: [] }
      }
      const line = parseShape(lineShape, record)
      if (line.type === 'document') {
        const { type: _, ...rest } = line
        document = { ...rest, responses: [] }
        return { document, repaired: [] }
      }
      const { type: _, document: documentId, ...response } = line
      if (document?.id !== documentId)
        throw new Failure(
          'bad-record',
          `the document ${documentId} of this answer is not the one before it; keep an answer's line after its document's`
        )
      return { document: { ...document, responses: [response] }, repaired: [] }
    }
  }
}

function assertHeader(header: Record<string, unknown>): void {
  if (header.t2g !== t2gHeader.t2g || header.version !== t2gHeader.version)
    throw new Failure(
      'unknown-format',
      `the file is of version ${String(header.version)} of this format, and this program reads version ${t2gHeader.version}; install a newer version`
    )
}
