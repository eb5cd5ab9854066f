import { Failure } from '../pipeline/failure'
import { statement, type Db } from './database'
import { insertAnnotation, type NewAnnotation } from './annotations'
import { insertSpan, type SpanRow } from './spans'
import { applyTextChange, inverseTextChange, type TextChange } from './text-change'

type Value = string | number | null
type Fields = Readonly<Record<string, Value>>

/**
 * What one change did to one row: a new row, some fields before and after, or a replacement inside a long text.
 * Enough to say who changed what, to do it again and to take it back.
 */
export type Patch =
  | { readonly kind: 'new-annotation'; readonly row: NewAnnotation }
  | { readonly kind: 'new-span'; readonly row: SpanRow }
  | {
      readonly kind: 'fields'
      readonly table: 'annotations' | 'spans'
      readonly id: string
      readonly before: Fields
      readonly after: Fields
    }
  | {
      readonly kind: 'text'
      readonly table: 'annotations' | 'spans'
      readonly id: string
      readonly field: 'critique' | 'reason'
      readonly change: TextChange
    }

const keyOf = { annotations: 'annotation_id', spans: 'span_id' } as const

/** Columns that a patch may set; names from a file never reach SQL. */
const settable = {
  annotations: new Set(['status', 'retracted']),
  spans: new Set(['start', 'end', 'polarity', 'quote', 'prefix', 'suffix', 'occurrence', 'retracted', 'base'])
} as const

/**
 * What takes a patch back. A new row is not deleted: it is retracted. A copy forgets what it is a copy of besides, so that
 * a span that somebody took out can be told from one that was never taken over.
 */
export function inverse(patch: Patch): Patch {
  switch (patch.kind) {
    case 'new-annotation':
      return retract('annotations', patch.row.annotationId)
    case 'new-span': {
      const { spanId, base } = patch.row
      if (base === null) return retract('spans', spanId)
      const [before, after] = [
        { retracted: 0, base },
        { retracted: 1, base: null }
      ]
      return { kind: 'fields', table: 'spans', id: spanId, before, after }
    }
    case 'fields':
      return { ...patch, before: patch.after, after: patch.before }
    case 'text':
      return { ...patch, change: inverseTextChange(patch.change) }
  }
}

export function retract(table: 'annotations' | 'spans', id: string): Patch {
  return { kind: 'fields', table, id, before: { retracted: 0 }, after: { retracted: 1 } }
}

/** @throws Failure project-damaged when the row is not as the patch expects */
export function applyPatch(db: Db, patch: Patch): void {
  const done =
    patch.kind === 'new-annotation'
      ? insertAnnotation(db, patch.row)
      : patch.kind === 'new-span'
        ? insertSpan(db, patch.row)
        : patch.kind === 'fields'
          ? setFields(db, patch)
          : setText(db, patch)
  if (!done)
    throw new Failure(
      'project-damaged',
      'The project is not as its history says; run text2grad check to see where.'
    )
}

function setFields(db: Db, { table, id, before, after }: Extract<Patch, { kind: 'fields' }>): boolean {
  const names = Object.keys(after)
  if (!names.every((name) => settable[table].has(name)) || names.some((name) => !(name in before)))
    return false
  const set = names.map((name) => `"${name}" = ?`).join(', ')
  const same = names.map((name) => `"${name}" IS ?`).join(' AND ')
  const update = statement(db, `UPDATE ${table} SET ${set} WHERE ${keyOf[table]} = ? AND ${same}`)
  return update.run(...names.map((n) => after[n]), id, ...names.map((n) => before[n])).changes === 1
}

function setText(db: Db, { table, id, field, change }: Extract<Patch, { kind: 'text' }>): boolean {
  if (field !== (table === 'annotations' ? 'critique' : 'reason')) return false
  const where = `${table === 'annotations' ? 'annotations' : 'spans'} WHERE ${keyOf[table]} = ?`
  const before = statement(db, `SELECT ${field} FROM ${where}`).pluck().get(id)
  const after = typeof before === 'string' ? applyTextChange(before, change) : null
  if (after === null) return false
  return (
    statement(db, `UPDATE ${table} SET ${field} = ? WHERE ${keyOf[table]} = ?`).run(after, id).changes === 1
  )
}
