import { anchorOf } from '../pipeline/annotate/anchor'
import { codePointLength, hasLoneSurrogate, sliceCodePoints } from '../pipeline/annotate/code-points'
import type {
  AnnotationRecord,
  DocumentRecord,
  PersonRecord,
  ResponseRecord,
  SpanRecord
} from '../pipeline/annotate/record'
import { Failure } from '../pipeline/failure'
import { annotationIdOf, getAnnotation, insertAnnotation, type AnnotationRow } from './annotations'
import type { Db } from './database'
import { documentHash, documentIdOf, getDocument, insertDocument } from './documents'
import { contentId } from './ids'
import { ensurePerson, personIdOf } from './persons'
import { getResponse, insertResponse, responseIdOf } from './responses'
import { insertSpan, spansOf, type SpanRow } from './spans'

export interface WrittenCounts {
  documents: number
  responses: number
  annotations: number
  spans: number
  /** Answers and annotations that the project had already. */
  known: number
}

/**
 * Writes records into a project, inside a transaction of the caller. A record is verified whole before its first row
 * is written. What is there already (equal content) is not written again.
 */
export class RecordWriter {
  readonly counts: WrittenCounts = { documents: 0, responses: 0, annotations: 0, spans: 0, known: 0 }
  /** How often this file has given an equal answer to the same prompt. */
  private readonly repeats = new Map<string, number>()

  constructor(
    private readonly db: Db,
    private readonly options: {
      readonly at: string
      readonly defaultPerson: PersonRecord
      /** Where `db` is a staging copy: the project that it will be added to. */
      readonly project?: Db
    }
  ) {}

  /** Where a row may be already. */
  private get project(): Db {
    return this.options.project ?? this.db
  }

  /**
   * All of a record or nothing of it.
   * @throws Failure span-outside-text, quote-mismatch, bad-encoding, bad-record
   */
  write(document: DocumentRecord): void {
    verify(document)
    const before = { ...this.counts }
    try {
      this.db.transaction(() => {
        const documentId = document.id ?? documentIdOf(document)
        this.writeDocument(documentId, document)
        for (const response of document.responses) this.writeResponse(documentId, response)
      })()
    } catch (thrown) {
      Object.assign(this.counts, before)
      throw thrown
    }
  }

  private writeDocument(documentId: string, document: DocumentRecord): void {
    const there = getDocument(this.project, documentId)
    if (there && there.sha256 !== documentHash(document))
      throw new Failure(
        'bad-record',
        `the project has another document under the id ${documentId}; give this one a new id`
      )
    if (insertDocument(this.db, documentId, document, this.options.at) && !there) this.counts.documents++
  }

  /** Adds an answer to a document that is there. @returns its id */
  writeResponse(documentId: string, response: ResponseRecord): string {
    const responseId = response.id ?? this.nextId(documentId, response)
    const there = getResponse(this.project, responseId)
    if (there && (there.text !== response.text || there.documentId !== documentId))
      throw new Failure(
        'bad-record',
        `the project has another answer under the id ${responseId}; give this one a new id`
      )
    insertResponse(this.db, responseId, documentId, response, this.options.at)
    if (there) this.counts.known++
    else this.counts.responses++
    for (const annotation of response.annotations) this.writeAnnotation(responseId, response.text, annotation)
    return responseId
  }

  private nextId(documentId: string, response: ResponseRecord): string {
    const first = responseIdOf(documentId, response, 0)
    const repeat = this.repeats.get(first) ?? 0
    this.repeats.set(first, repeat + 1)
    return repeat === 0 ? first : responseIdOf(documentId, response, repeat)
  }

  private writeAnnotation(responseId: string, text: string, annotation: AnnotationRecord): void {
    const person = annotation.person ?? this.options.defaultPerson
    const personId = personIdOf(person)
    const annotationId = annotation.id ?? annotationIdOf(responseId, personId)
    const spans = annotation.spans.map((span, index) => toRow(annotationId, text, span, index))
    const there = getAnnotation(this.project, annotationId)
    if (there) return this.assertSame(there, annotation, spans)
    ensurePerson(this.db, person)
    const isNew = insertAnnotation(this.db, {
      annotationId,
      responseId,
      personId,
      status: annotation.status,
      critique: annotation.critique,
      guideline: annotation.guideline ?? '',
      base: annotation.base ?? null,
      retracted: annotation.retracted ?? false,
      createdAt: this.options.at
    })
    if (!isNew)
      throw new Failure('bad-record', `it holds two annotations of one answer by ${person.name}; keep one`)
    this.counts.annotations++
    for (const span of spans) {
      if (!insertSpan(this.db, span))
        throw new Failure('bad-record', `the project has another span under the id ${span.spanId}`)
      this.counts.spans++
    }
  }

  /** Nothing that a person typed is replaced by a file. */
  private assertSame(there: AnnotationRow, annotation: AnnotationRecord, spans: readonly SpanRow[]): void {
    const key = (rows: readonly SpanRow[]): string =>
      JSON.stringify(rows.map(({ start, end, polarity, reason }) => [start, end, polarity, reason]))
    const same = key(spansOf(this.project, there.annotationId)) === key(spans)
    if (there.critique !== annotation.critique || !same)
      throw new Failure(
        'bad-record',
        `${there.person} has a different annotation of this answer in the project, and it was kept; import under another annotator to have both`
      )
    this.counts.known++
  }
}

function toRow(annotationId: string, text: string, span: SpanRecord, index: number): SpanRow {
  const { start, end, polarity } = span
  return {
    spanId: span.id ?? contentId('span', annotationId, String(index), `${start}-${end}`, polarity),
    annotationId,
    start,
    end,
    polarity,
    reason: span.reason ?? '',
    category: span.category ?? '',
    confidence: span.confidence ?? null,
    ...anchorOf(text, span),
    base: span.base ?? null,
    retracted: span.retracted ?? false
  }
}

/** The whole record, before anything of it is written. */
function verify(document: DocumentRecord): void {
  if (holdsLoneSurrogate(document))
    throw new Failure(
      'bad-encoding',
      'a text holds half of a surrogate pair, which is not valid Unicode; save it again as UTF-8'
    )
  for (const response of document.responses)
    for (const { spans } of response.annotations) for (const span of spans) verifySpan(response.text, span)
}

const deepest = 200

function holdsLoneSurrogate(value: unknown, depth = 0): boolean {
  if (typeof value === 'string') return hasLoneSurrogate(value)
  if (value === null || typeof value !== 'object') return false
  if (depth > deepest)
    throw new Failure('bad-record', `it is nested more than ${deepest} levels deep; flatten it`)
  return Object.entries(value).some(
    ([key, inner]) => hasLoneSurrogate(key) || holdsLoneSurrogate(inner, depth + 1)
  )
}

/** @throws Failure span-outside-text, quote-mismatch */
export function verifySpan(text: string, span: Pick<SpanRecord, 'start' | 'end' | 'quote'>): void {
  const { start, end, quote } = span
  const length = codePointLength(text)
  if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || end <= start || end > length)
    throw new Failure(
      'span-outside-text',
      `a span ${start}–${end} does not lie in its text of ${length} characters; offsets are code points, half-open`
    )
  if (quote !== undefined && sliceCodePoints(text, start, end) !== quote)
    throw new Failure(
      'quote-mismatch',
      `the quote "${clip(quote)}" is not at ${start}–${end}, where the text says "${clip(sliceCodePoints(text, start, end))}"; mend the quote or the offsets`
    )
}

const clip = (text: string): string => (text.length > 60 ? `${text.slice(0, 59)}…` : text)
