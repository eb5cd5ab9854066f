import type { PersonRecord } from '../pipeline/annotate/record'
import { statement, type Db } from './database'
import { contentId } from './ids'

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
