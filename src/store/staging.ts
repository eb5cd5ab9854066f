import { readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { connect, statement, type Db } from './database'
import { migrate } from './migrate'
import type { Project } from './project'

/**
 * A database beside the project in which a long import is prepared, so that people go on working: their changes are
 * committed one by one meanwhile, and the import joins them in one transaction at its end, or not at all.
 */
export class Staging {
  private constructor(
    readonly file: string,
    readonly db: Db
  ) {}

  /** Takes the place of what an import that was killed left behind. */
  static beside(project: Project): Staging {
    const file = `${project.file}-staging`
    Staging.sweep(project)
    const db = connect(file)
    // Nothing here outlives the import, so nothing needs to survive a crash; a record that is refused is rolled back.
    db.pragma('journal_mode = MEMORY')
    db.pragma('synchronous = OFF')
    migrate(db, 1)
    return new Staging(file, db)
  }

  static sweep(project: Project): void {
    const name = `${basename(project.file)}-staging`
    for (const entry of readdirSync(dirname(project.file)))
      if (entry === name || entry === `${name}-journal`)
        rmSync(join(dirname(project.file), entry), { force: true })
  }

  /** Adds everything prepared to the project, and whatever `also` does, in one transaction. */
  join(project: Project, also: (db: Db) => void): void {
    this.db.close()
    const { db } = project
    project.read(() => db.prepare('ATTACH ? AS staged').run(this.file))
    try {
      project.write(() => {
        for (const sql of joining) statement(db, sql).run()
        also(db)
      })
    } finally {
      db.exec('DETACH staged')
    }
  }

  discard(): void {
    if (this.db.open) this.db.close()
    rmSync(this.file, { force: true })
  }
}

const documentColumns = 'document_id, title, messages, passages, extra, split, sha256, created_at'
const responseColumns = 'response_id, document_id, text, sha256, source, extra, sampling, created_at'
const annotationColumns =
  'annotation_id, response_id, person_id, status, critique, guideline, base, retracted, created_at'

/** Whole tables by column name; an annotation's spans come with it or not at all. */
const joining = [
  'INSERT OR IGNORE INTO main.persons SELECT * FROM staged.persons',
  `INSERT OR IGNORE INTO main.documents (${documentColumns})
     SELECT ${documentColumns} FROM staged.documents ORDER BY position`,
  `INSERT OR IGNORE INTO main.responses (${responseColumns})
     SELECT ${responseColumns} FROM staged.responses ORDER BY position`,
  `DELETE FROM staged.spans WHERE annotation_id IN (SELECT annotation_id FROM main.annotations)`,
  `DELETE FROM staged.annotations WHERE annotation_id IN (SELECT annotation_id FROM main.annotations)`,
  `INSERT INTO main.annotations (${annotationColumns})
     SELECT ${annotationColumns} FROM staged.annotations ORDER BY rowid`,
  'INSERT INTO main.spans SELECT * FROM staged.spans ORDER BY rowid'
]
