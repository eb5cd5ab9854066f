import { statement, type Db } from './database'
import { ensurePerson } from './persons'

/** A critic whose predictions the project holds. */
export interface CriticPerson {
  readonly personId: string
  /** Its kind: `generative`, `span-head`, `rules`, `tests`, `llm`. */
  readonly critic: string
  readonly version: string
}

/** A critic at a version as the author of annotations. @returns its person's id */
export function ensureCritic(db: Db, { critic, version }: Pick<CriticPerson, 'critic' | 'version'>): string {
  const personId = ensurePerson(db, { name: `${critic} critic ${version}`, kind: 'model' })
  statement(db, 'INSERT OR IGNORE INTO critics (person_id, critic, version) VALUES (?, ?, ?)').run(
    personId,
    critic,
    version
  )
  return personId
}

/** Every critic with predictions in the project, by person. */
export function criticsOf(db: Db): Map<string, CriticPerson> {
  const rows = statement(db, 'SELECT person_id AS personId, critic, version FROM critics').all()
  return new Map((rows as CriticPerson[]).map((row) => [row.personId, row]))
}
