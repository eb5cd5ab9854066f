import type { AnnotationView, ResponseView, SpanView } from '../../contract/ipc'
import { Failure } from '../../pipeline/failure'
import { annotationsOf, getAnnotation, type AnnotationRow } from '../../store/annotations'
import type { Db } from '../../store/database'
import { getDocument } from '../../store/documents'
import { getResponse, type ResponseRow } from '../../store/responses'
import { spansOf } from '../../store/spans'

/** @throws Failure not-found */
export function responseNamed(db: Db, responseId: string): ResponseRow {
  const response = getResponse(db, responseId)
  if (response) return response
  throw new Failure('not-found', `The project has no answer ${responseId}; choose another in the queue.`)
}

export function responseView(db: Db, responseId: string, personId: string): ResponseView {
  const response = responseNamed(db, responseId)
  const document = getDocument(db, response.documentId)
  if (!document)
    throw new Failure('project-damaged', `The prompt of answer ${responseId} is missing; run check.`)
  return {
    responseId,
    documentId: document.documentId,
    text: response.text,
    source: response.source,
    split: document.split,
    messages: document.messages,
    passages: document.passages,
    extra: { ...document.extra, ...response.extra },
    annotations: annotationsOf(db, responseId)
      .filter(({ retracted }) => !retracted)
      .map((annotation) => annotationView(db, annotation, personId))
  }
}

/** The person's own annotation as it stands; an empty one where there is none. */
export function ownView(
  db: Db,
  annotationId: string,
  person: { name: string; personId: string }
): AnnotationView {
  const row = getAnnotation(db, annotationId)
  if (row && !row.retracted) return annotationView(db, row, person.personId)
  return {
    annotationId,
    person: person.name,
    kind: 'person',
    mine: true,
    status: 'unread',
    critique: '',
    spans: []
  }
}

function annotationView(db: Db, row: AnnotationRow, personId: string): AnnotationView {
  const all = spansOf(db, row.annotationId)
  const spans = all.filter(({ retracted }) => !retracted)
  const refused = all.flatMap(({ retracted, base }) => (retracted && base !== null ? [base] : []))
  return {
    annotationId: row.annotationId,
    base: row.base,
    person: row.person,
    kind: row.kind,
    mine: row.personId === personId,
    status: row.status,
    critique: row.critique,
    ...(refused.length > 0 && { refused }),
    spans: spans.map(({ spanId, start, end, polarity, quote, reason, category, base }): SpanView => ({
      spanId,
      start,
      end,
      polarity,
      quote,
      ...(base === null ? {} : { base }),
      ...(reason ? { reason } : {}),
      ...(category ? { category } : {})
    }))
  }
}
