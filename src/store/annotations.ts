import type { PersonKind } from '../pipeline/annotate/record'
import { statement, type Db } from './database'
import { contentId } from './ids'

export interface AnnotationRow {
  readonly annotationId: string
  readonly responseId: string
  readonly personId: string
  readonly person: string
  readonly kind: PersonKind
  readonly status: 'draft' | 'submitted'
  readonly critique: string
  readonly guideline: string
  readonly base: string | null
  readonly retracted: boolean
  readonly createdAt: string
}

/** One annotation a person and an answer. */
export const annotationIdOf = (responseId: string, personId: string): string =>
  contentId('annotation', responseId, personId)

export type NewAnnotation = Pick<
  AnnotationRow,
  | 'annotationId'
  | 'responseId'
  | 'personId'
  | 'status'
  | 'critique'
  | 'guideline'
  | 'base'
  | 'retracted'
  | 'createdAt'
>

/** @returns whether it was new */
export function insertAnnotation(db: Db, annotation: NewAnnotation): boolean {
  const { changes } = statement(
    db,
    `INSERT OR IGNORE INTO annotations
         (annotation_id, response_id, person_id, status, critique, guideline, base, retracted, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`
  ).run(
    annotation.annotationId,
    annotation.responseId,
    annotation.personId,
    annotation.status,
    annotation.critique,
    annotation.guideline,
    annotation.base,
    annotation.retracted ? 1 : 0,
    annotation.createdAt
  )
  return changes > 0
}

const select = `SELECT a.*, p.name, p.kind FROM annotations a JOIN persons p USING (person_id)`

export function getAnnotation(db: Db, annotationId: string): AnnotationRow | null {
  const row = statement(db, `${select} WHERE a.annotation_id = ?`).get(annotationId)
  return row ? toAnnotation(row as RawAnnotation) : null
}

/** Every annotation of an answer, retracted ones too, oldest first. */
export function annotationsOf(db: Db, responseId: string): AnnotationRow[] {
  const rows = statement(db, `${select} WHERE a.response_id = ? ORDER BY a.rowid`)
  return (rows.all(responseId) as RawAnnotation[]).map(toAnnotation)
}

interface RawAnnotation {
  annotation_id: string
  response_id: string
  person_id: string
  name: string
  kind: PersonKind
  status: 'draft' | 'submitted'
  critique: string
  guideline: string
  base: string | null
  retracted: number
  created_at: string
}

function toAnnotation(row: RawAnnotation): AnnotationRow {
  return {
    annotationId: row.annotation_id,
    responseId: row.response_id,
    personId: row.person_id,
    person: row.name,
    kind: row.kind,
    status: row.status,
    critique: row.critique,
    guideline: row.guideline,
    base: row.base,
    retracted: row.retracted === 1,
    createdAt: row.created_at
  }
}
