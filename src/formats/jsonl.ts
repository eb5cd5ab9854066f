import { z } from 'zod'
import { placesOf } from '../pipeline/annotate/anchor'
import { toCodePoints, type OffsetUnit } from '../pipeline/annotate/code-points'
import type { Message } from '../pipeline/annotate/message'
import type { AnnotationRecord, DocumentRecord, SpanRecord } from '../pipeline/annotate/record'
import { polarityOf } from '../pipeline/annotate/span'
import { Failure } from '../pipeline/failure'
import type { QuotedOffsets, RecordFormat } from './format'
import { isObject, messageShape, otherKeys, parseShape, passageShape } from './shape'

/**
 * One object a line (or in one JSON array): `prompt` (text or messages) or `messages`, with or without `response`.
 * Messages that end with the assistant's turn hold the response there. Optional: `passages`, `source`, `critique`,
 * `annotator`, and `spans` of `{ start, end, quote? }` or `{ quote, occurrence? }` with `polarity` (good, poor,
 * neutral) or `label` (its sign counts), `reason`, `category`, `confidence`. Other keys are kept as they are.
 */
const spanShape = z
  .object({
    start: z.number().optional(),
    end: z.number().optional(),
    quote: z.string().min(1).optional(),
    occurrence: z.int().min(1).optional(),
    polarity: z.enum(['good', 'poor', 'neutral']).optional(),
    label: z.number().min(-1).max(1).optional(),
    reason: z.string().optional(),
    category: z.string().optional(),
    confidence: z.number().min(0).max(1).optional()
  })
  .refine(
    ({ polarity, label }) => polarity !== undefined || label !== undefined,
    'a span needs a polarity or a label'
  )
  .refine(
    ({ start, end, quote }) =>
      (start === undefined) === (end === undefined) && (start ?? quote) !== undefined,
    'a span needs start and end, or a quote'
  )
type GivenSpan = z.infer<typeof spanShape>

const recordShape = z
  .looseObject({
    prompt: z.union([z.string(), z.array(messageShape).min(1)]).optional(),
    messages: z.array(messageShape).min(1).optional(),
    response: z.string().optional(),
    passages: z.array(passageShape).default([]),
    source: z.string().optional(),
    critique: z.string().optional(),
    annotator: z.string().trim().min(1).max(200).optional(),
    spans: z.array(spanShape).optional()
  })
  .refine(({ prompt, messages }) => (prompt === undefined) !== (messages === undefined), {
    message: 'it needs either "prompt" or "messages"'
  })
type GivenRecord = z.infer<typeof recordShape>

const known = new Set(Object.keys(recordShape.shape))

export const jsonl: RecordFormat = {
  name: 'jsonl',
  aliases: ['json'],
  person: { name: 'Imported', kind: 'import' },
  detects: (first) => isObject(first) && ('prompt' in first || 'messages' in first),
  quotes: (record) => {
    const parsed = recordShape.safeParse(record)
    if (!parsed.success) return []
    const { response = '', spans = [] } = split(parsed.data)
    return spans.flatMap(({ start, end, quote }): QuotedOffsets[] =>
      start === undefined || end === undefined || quote === undefined
        ? []
        : [{ text: response, start, end, quote }]
    )
  },
  reader:
    ({ unit }) =>
    (record) => {
      const repaired: string[] = []
      return { document: toDocument(split(parseShape(recordShape, record)), unit, repaired), repaired }
    }
}

/** Moves a final turn of the assistant into `response`. */
function split(record: GivenRecord): GivenRecord & { turns: readonly Message[] } {
  const { prompt, messages, response } = record
  const turns: readonly Message[] =
    messages ?? (typeof prompt === 'string' ? [{ role: 'user', content: prompt }] : (prompt ?? []))
  const last = turns.at(-1)
  return response === undefined && last?.role === 'assistant' && turns.length > 1
    ? { ...record, turns: turns.slice(0, -1), response: last.content }
    : { ...record, turns }
}

function toDocument(record: ReturnType<typeof split>, unit: OffsetUnit, repaired: string[]): DocumentRecord {
  const { turns, passages, response, source, critique, spans, annotator } = record
  const extra = otherKeys(record, new Set([...known, 'turns']))
  if (response === undefined) {
    if (spans?.length || critique)
      throw new Failure('bad-record', 'it has a critique or spans but no "response"; add the response')
    return { messages: turns, passages, extra, responses: [] }
  }
  const annotation: AnnotationRecord = {
    person: annotator === undefined ? null : { name: annotator, kind: 'person' },
    status: 'submitted',
    critique: critique ?? '',
    spans: (spans ?? []).map((span) => placeSpan(response, span, unit, repaired))
  }
  const annotations = critique === undefined && spans === undefined ? [] : [annotation]
  return {
    messages: turns,
    passages,
    extra: {},
    responses: [{ text: response, source: source ?? 'import', extra, annotations }]
  }
}

function placeSpan(text: string, span: GivenSpan, unit: OffsetUnit, repaired: string[]): SpanRecord {
  const { start, end, quote, occurrence, polarity, label = 0, ...rest } = span
  const common = {
    ...rest,
    ...(quote === undefined ? {} : { quote }),
    polarity: polarity ?? polarityOf(label)
  }
  if (start === undefined || end === undefined)
    return { ...common, ...findQuote(text, quote ?? '', occurrence) }
  const from = wholeOffset(text, start, unit)
  const to = wholeOffset(text, end, unit)
  if (from !== start || to !== end)
    repaired.push(`span ${start}–${end} counted in ${unit} became ${from}–${to} in code points`)
  return { ...common, start: from, end: to }
}

function wholeOffset(text: string, offset: number, unit: OffsetUnit): number {
  const place = Number.isInteger(offset) && offset >= 0 ? toCodePoints(text, offset, unit) : null
  if (place === null)
    throw new Failure(
      'span-outside-text',
      `a span ends at offset ${offset} (${unit}), which is past its text or inside a character; mend the offset`
    )
  return place
}

function findQuote(
  text: string,
  quote: string,
  occurrence: number | undefined
): { start: number; end: number } {
  const places = placesOf(text, quote)
  const words = quote.length > 60 ? `${quote.slice(0, 59)}…` : quote
  if (places.length === 0)
    throw new Failure('quote-mismatch', `the quote "${words}" is not in the response; copy it exactly`)
  if (occurrence === undefined && places.length > 1)
    throw new Failure(
      'quote-mismatch',
      `the quote "${words}" is in the response ${places.length} times; say which with "occurrence"`
    )
  const place = places[(occurrence ?? 1) - 1]
  if (!place)
    throw new Failure(
      'quote-mismatch',
      `the quote "${words}" is in the response ${places.length} times, so there is no occurrence ${occurrence}`
    )
  return place
}
