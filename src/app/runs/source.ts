import type { Span } from '../../pipeline/annotate/span'
import { annotationsOf, type AnnotationRow } from '../../store/annotations'
import type { Db } from '../../store/database'
import { documentsAfter, type DocumentRow } from '../../store/documents'
import type { Project } from '../../store/project'
import { responsesOfDocument, type ResponseRow } from '../../store/responses'
import { spansOf } from '../../store/spans'
import { testsOf } from '../code-tests'
import type { PromptToFreeze, StoredAnswer } from './data'
import type { RunSource } from './prepare'

/** What a project has for a run, as it stands now. */
export const projectSource = (project: Project): RunSource => ({
  answers: () => project.read((db) => allDocuments(db).flatMap((document) => answersOf(db, document))),
  prompts: (split) =>
    project.read((db) =>
      allDocuments(db)
        .filter((document) => split === 'all' || document.split === split)
        .map(({ documentId, messages, extra }): PromptToFreeze => ({
          id: documentId,
          messages,
          ...testsOf(extra, ...responsesOfDocument(db, documentId).map((response) => response.extra))
        }))
    )
})

export function allDocuments(db: Db): DocumentRow[] {
  const documents: DocumentRow[] = []
  for (;;) {
    const page = documentsAfter(db, documents.at(-1)?.position ?? 0, 1000)
    if (page.length === 0) return documents
    documents.push(...page)
  }
}

const answersOf = (db: Db, document: DocumentRow): StoredAnswer[] =>
  responsesOfDocument(db, document.documentId).map((response) => answerOf(db, document, response))

function answerOf(db: Db, document: DocumentRow, response: ResponseRow): StoredAnswer {
  const annotations = trainingAnnotations(annotationsOf(db, response.responseId))
  return {
    responseId: response.responseId,
    documentId: document.documentId,
    split: document.split,
    messages: document.messages,
    text: response.text,
    sampled: response.sampling,
    submitted: annotations.length > 0,
    annotationIds: annotations.map(({ annotationId }) => annotationId),
    critique: annotations
      .map(({ critique }) => critique)
      .filter((critique) => critique !== '')
      .join('\n\n'),
    spans: uniqueSpans(annotations.flatMap(({ annotationId }) => spansOf(db, annotationId).filter(isLive)))
  }
}

export const isLive = ({ retracted }: { retracted: boolean }): boolean => !retracted

/** What was submitted and not taken back; a correction takes the place of what it corrects. */
export function trainingAnnotations(annotations: readonly AnnotationRow[]): AnnotationRow[] {
  const submitted = annotations.filter(({ status, retracted }) => status === 'submitted' && !retracted)
  const corrected = new Set(submitted.map(({ base }) => base))
  return submitted.filter(({ annotationId }) => !corrected.has(annotationId))
}

/** Two people's identical marks count once. */
function uniqueSpans(spans: readonly Span[]): Span[] {
  const found = new Map<string, Span>()
  for (const span of spans) {
    const key = `${span.start}-${span.end}-${span.polarity}`
    if (!found.has(key)) found.set(key, span)
  }
  return [...found.values()]
}
