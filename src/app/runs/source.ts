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
export const projectSource = (project: Project) => ({
  answers: () => project.read((db) => [...readingSource(db).answers()]),
  prompts: (split: string) => project.read((db) => [...readingSource(db).prompts(split)])
})

const promptOf = (db: Db, { documentId, messages, extra }: DocumentRow): PromptToFreeze => ({
  id: documentId,
  messages,
  ...testsOf(extra, ...responsesOfDocument(db, documentId).map((response) => response.extra))
})

/** Works on what a project given by its path, or none, has at one moment; it is open only until then. */
export function withSource<T>(
  file: string | null,
  open: (file: string) => Project,
  work: (source: RunSource | null, db: Db | null) => T
): T {
  if (file === null) return work(null, null)
  const project = open(file)
  try {
    return project.snapshot((db) => work(readingSource(db), db))
  } finally {
    project.close()
  }
}

/** The same, read as it is asked for: inside a snapshot, or what is written meanwhile is half in it. */
export const readingSource = (db: Db): RunSource => ({
  *answers() {
    for (const document of eachDocument(db)) yield* answersOf(db, document)
  },
  *prompts(split) {
    for (const document of eachDocument(db))
      if (split === 'all' || document.split === split) yield promptOf(db, document)
  }
})

export const allDocuments = (db: Db): DocumentRow[] => [...eachDocument(db)]

function* eachDocument(db: Db): Generator<DocumentRow> {
  for (let position = 0; ;) {
    const page = documentsAfter(db, position, 500)
    yield* page
    const last = page.at(-1)
    if (!last) return
    position = last.position
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
