import { statfsSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { Failure } from '../pipeline/failure'

/** Less room than this (bytes) counts as a full disk when a write failed without saying why. */
const nearlyFull = 1 << 20

/**
 * What SQLite said, in our codes. Anything that is not an expected failure of the machine is handed back as it is.
 */
export function explain(thrown: unknown, file: string): unknown {
  const code = (thrown as { code?: unknown } | null)?.code
  if (thrown instanceof Failure || typeof code !== 'string' || !code.startsWith('SQLITE_')) return thrown
  const name = basename(file)
  if (code === 'SQLITE_FULL' || (code.startsWith('SQLITE_IOERR') && isFull(file)))
    return new Failure(
      'disk-full',
      `There is no room left on the disk of ${name}; make room and try again. Nothing was half-written.`
    )
  if (code.startsWith('SQLITE_READONLY') || code === 'SQLITE_CANTOPEN' || code === 'SQLITE_PERM')
    return new Failure(
      'read-only',
      `${name} cannot be written in ${dirname(file)}; choose another folder or change its permissions.`
    )
  if (code.startsWith('SQLITE_BUSY') || code === 'SQLITE_LOCKED')
    return new Failure('project-busy', `${name} is being written by another program; try again in a moment.`)
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB')
    return new Failure(
      'project-damaged',
      `${name} is damaged; run text2grad check to see where, or open a copy of it.`
    )
  if (code.startsWith('SQLITE_IOERR'))
    return new Failure('unreadable', `The disk refused to read or write ${name}; check the disk.`)
  return thrown
}

function isFull(file: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dirname(file))
    return bavail * bsize < nearlyFull
  } catch {
    return false
  }
}
