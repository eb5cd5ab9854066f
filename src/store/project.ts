import { accessSync, constants, existsSync, rmSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { randomUUID } from 'node:crypto'
import { Failure } from '../pipeline/failure'
import { assertProjectFile, connect, useClosedJournal, useWorkingJournal, type Db } from './database'
import { assertKnownVersion, latestVersion, migrate, versionOf } from './migrate'
import { explain } from './sqlite-failure'
import { takeWriterLock } from './writer-lock'

export interface OpenOptions {
  /** Makes the file if there is none. */
  readonly create?: boolean
  /** Reads beside a writer; the project is not locked and not changed. */
  readonly readOnly?: boolean
  /** Takes the writer's lock even if its owner may be alive on another machine. */
  readonly takeOver?: boolean
}

/** An open project file. `read` and `write` turn what SQLite says into failures with our codes. */
export class Project {
  private closed = false

  constructor(
    readonly file: string,
    readonly db: Db,
    readonly readOnly: boolean,
    private readonly release: () => void
  ) {}

  get name(): string {
    return basename(this.file).replace(/\.t2g$/i, '')
  }

  read<T>(work: (db: Db) => T): T {
    try {
      return work(this.db)
    } catch (thrown) {
      throw explain(thrown, this.file)
    }
  }

  /** Whatever `work` reads is as of one moment, though another program or thread may be writing. */
  snapshot<T>(work: (db: Db) => T): T {
    return this.read((db) => db.transaction(() => work(db)).deferred())
  }

  /** All of `work` or none of it, and on the disk when it returns. */
  write<T>(work: (db: Db) => T): T {
    if (this.readOnly)
      throw new Failure(
        'read-only',
        `${basename(this.file)} was opened for reading only; open it for writing to change it.`
      )
    return this.read((db) => db.transaction(() => work(db)).immediate())
  }

  /** Gives the lock back and leaves one file. May be called twice. */
  close(): void {
    if (this.closed) return
    this.closed = true
    try {
      if (!this.readOnly) {
        this.release()
        useClosedJournal(this.db)
      }
    } catch {
      // A full or vanished disk: what was acknowledged is in the log already, and a dead owner is taken over.
    } finally {
      this.db.close()
    }
  }
}

/**
 * Opens a project file, bringing an older one up to date.
 * @throws Failure not-found, not-a-file, project-damaged, project-newer, project-busy, read-only, disk-full
 */
export function openProject(path: string, options: OpenOptions = {}): Project {
  const file = resolve(path)
  if (!existsSync(file) && options.create && !options.readOnly) createProject(file)
  assertProjectFile(file)
  let db: Db | undefined
  try {
    db = connect(file, { readonly: options.readOnly })
    assertKnownVersion(db, file)
    if (options.readOnly) {
      assertUpToDate(db, file)
      return new Project(file, db, true, () => undefined)
    }
    accessSync(file, constants.W_OK)
    const release = takeWriterLock(db, file, options.takeOver)
    useWorkingJournal(db, file)
    migrate(db)
    return new Project(file, db, false, release)
  } catch (thrown) {
    db?.close()
    throw explain(systemToSqlite(thrown), file)
  }
}

function assertUpToDate(db: Db, file: string): void {
  if (versionOf(db) < latestVersion)
    throw new Failure(
      'project-older',
      `${basename(file)} is of an older version and must be opened for writing once before it can be read.`
    )
}

/** A new file is complete (in a rollback journal) or absent. */
function createProject(file: string): void {
  if (!existsSync(dirname(file)))
    throw new Failure('not-found', `There is no folder ${dirname(file)} for the new project; make it first.`)
  let db: Db | undefined
  try {
    accessSync(dirname(file), constants.W_OK)
    db = connect(file)
    migrate(db)
    const meta = db.prepare('INSERT INTO meta (key, value) VALUES (?, ?)')
    db.transaction(() => {
      meta.run('project', randomUUID())
      meta.run('created', new Date().toISOString())
    })()
    db.close()
  } catch (thrown) {
    db?.close()
    const reason = explain(systemToSqlite(thrown), file)
    for (const suffix of ['', '-journal']) rmSync(file + suffix, { force: true })
    throw reason
  }
}

/** Node's own refusals of a write, as SQLite would have said them. */
function systemToSqlite(thrown: unknown): unknown {
  const code = (thrown as NodeJS.ErrnoException | null)?.code
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') return { code: 'SQLITE_READONLY' }
  return code === 'ENOSPC' || code === 'EDQUOT' ? { code: 'SQLITE_FULL' } : thrown
}
