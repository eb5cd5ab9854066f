import type { PersonKind, PersonRecord } from '../pipeline/annotate/record'
import { statement, type Db } from './database'
import { contentId } from './ids'

export interface PersonRow extends PersonRecord {
  readonly personId: string
}

/** The same name and kind is the same person on every seat. */
export const personIdOf = ({ name, kind }: PersonRecord): string => contentId('person', kind, name)

export function ensurePerson(db: Db, person: PersonRecord): string {
  const personId = personIdOf(person)
  statement(db, 'INSERT OR IGNORE INTO persons (person_id, name, kind) VALUES (?, ?, ?)').run(
    personId,
    person.name,
    person.kind
  )
  return personId
}

export function listPersons(db: Db): PersonRow[] {
  const rows = statement(db, 'SELECT person_id, name, kind FROM persons ORDER BY kind, name').all() as {
    person_id: string
    name: string
    kind: PersonKind
  }[]
  return rows.map(({ person_id, name, kind }) => ({ personId: person_id, name, kind }))
}
