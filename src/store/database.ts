import Database from 'better-sqlite3'
import { closeSync, openSync, readSync, statfsSync, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { Failure } from '../pipeline/failure'

export type Db = Database.Database

const statements = new WeakMap<Db, Map<string, Database.Statement<unknown[]>>>()

/** A prepared statement, made once a connection and text. */
export function statement(db: Db, sql: string): Database.Statement<unknown[]> {
  let known = statements.get(db)
  if (!known) statements.set(db, (known = new Map()))
  let found = known.get(sql)
  if (!found) known.set(sql, (found = db.prepare<unknown[]>(sql)))
  return found
}

/** Marks a SQLite file as a project: "T2Gs". */
export const applicationId = 0x54324773

/** File systems on which SQLite's shared memory cannot be trusted (Linux magic numbers): NFS, SMB, CIFS, SMB2. */
const networkFileSystems = new Set([0x6969, 0x517b, 0xff534d42, 0xfe534d42])

export function sqliteVersion(): string {
  const db = new Database(':memory:')
  try {
    return String(db.prepare('SELECT sqlite_version()').pluck().get())
  } finally {
    db.close()
  }
}

/** Opens a connection with the rules that every connection of ours has. */
export function connect(file: string, options: { readonly?: boolean } = {}): Db {
  const db = new Database(file, { readonly: options.readonly ?? false, timeout: 2000 })
  db.pragma('foreign_keys = ON')
  db.pragma('synchronous = FULL')
  return db
}

/**
 * Refuses what is not a project before SQLite touches it.
 * @throws Failure not-found, not-a-file, unreadable, project-damaged
 */
export function assertProjectFile(file: string): void {
  const name = basename(file)
  const header = readHeader(file)
  if (header.length < 100 || header.toString('latin1', 0, 15) !== 'SQLite format 3')
    throw new Failure('project-damaged', `${name} is not a project of this program; choose a .t2g file.`)
  if (header.readUInt32BE(68) !== applicationId)
    throw new Failure('project-damaged', `${name} is the database of another program; choose a .t2g file.`)
}

function readHeader(file: string): Buffer {
  const name = basename(file)
  try {
    if (statSync(file).isDirectory())
      throw new Failure('not-a-file', `${name} is a folder; name a project file inside it.`)
    const handle = openSync(file, 'r')
    try {
      const header = Buffer.alloc(100)
      return header.subarray(0, readSync(handle, header, 0, 100, 0))
    } finally {
      closeSync(handle)
    }
  } catch (thrown) {
    if (thrown instanceof Failure) throw thrown
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT')
      throw new Failure('not-found', `There is no project ${file}: check the path or the name.`)
    throw new Failure('unreadable', `${name} could not be read; check its permissions and the disk.`)
  }
}

/** While open: a write-ahead log where the file system allows one, a rollback journal elsewhere. */
export function useWorkingJournal(db: Db, file: string): void {
  if (!networkFileSystems.has(statfsSync(dirname(file)).type)) db.pragma('journal_mode = WAL')
}

/** Closed, a project is one file. Stays as it is while somebody else is reading. */
export function useClosedJournal(db: Db): void {
  try {
    db.pragma('wal_checkpoint(TRUNCATE)')
    db.pragma('journal_mode = DELETE')
  } catch {
    // A reader keeps the log; whoever opens the project next folds it in.
  }
}
