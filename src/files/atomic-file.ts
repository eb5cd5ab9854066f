import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { Failure } from '../pipeline/failure'
import { draftOf } from './drafts'

/** How bytes reach the disk; a test gives one that fails. */
export type WriteBytes = (handle: number, bytes: Uint8Array, offset: number) => number

/** A file that is complete at its path, or as it was before: written beside it and moved into place. */
export class AtomicFile {
  private readonly path: string
  private readonly temporary: string
  /** null once it is closed: the system gives its number to the next file, which another thread may open. */
  private handle: number | null

  /** @throws Failure not-a-file, not-found, read-only, disk-full */
  constructor(
    path: string,
    private readonly writeBytes: WriteBytes = writeSync
  ) {
    this.path = resolve(path)
    if (isFolder(this.path)) throw new Failure('not-a-file', `${path} is a folder; name a file inside it.`)
    this.temporary = draftOf(this.path)
    try {
      this.handle = openSync(this.temporary, 'w')
    } catch (thrown) {
      throw this.explain(thrown)
    }
  }

  write(text: string): void {
    try {
      const bytes = Buffer.from(text, 'utf8')
      for (let at = 0; at < bytes.length;) at += this.writeBytes(this.open(), bytes, at)
    } catch (thrown) {
      throw this.explain(thrown)
    }
  }

  /** Puts the whole file in its place, where a power cut leaves it. */
  commit(): void {
    try {
      fsyncSync(this.open())
      this.close()
      renameSync(this.temporary, this.path)
      flushFolder(dirname(this.path))
    } catch (thrown) {
      throw this.explain(thrown)
    }
  }

  /** Leaves nothing behind of what was not committed. */
  discard(): void {
    this.close()
    rmSync(this.temporary, { force: true })
  }

  private open(): number {
    if (this.handle === null) throw new Error(`${this.path} was committed or discarded already.`)
    return this.handle
  }

  private close(): void {
    const { handle } = this
    this.handle = null
    if (handle !== null) closeSync(handle)
  }

  private explain(thrown: unknown): unknown {
    const name = basename(this.path)
    switch ((thrown as NodeJS.ErrnoException).code) {
      case 'ENOSPC':
      case 'EDQUOT':
        return new Failure(
          'disk-full',
          `There is no room left on the disk for ${name}; make room and try again.`
        )
      case 'EROFS':
      case 'EACCES':
      case 'EPERM':
        return new Failure(
          'read-only',
          `${name} cannot be written in ${dirname(this.path)}; choose another folder.`
        )
      case 'ENOENT':
        return new Failure('not-found', `There is no folder ${dirname(this.path)}; make it first.`)
      default:
        return thrown
    }
  }
}

/**
 * Writes a file so that a crash or a power cut leaves either the old one or the new one, whole.
 * @throws Failure not-a-file, not-found, read-only, disk-full; the file is as it was then
 */
export function writeWhole(path: string, text: string, writeBytes?: WriteBytes): void {
  const file = new AtomicFile(path, writeBytes)
  try {
    file.write(text)
    file.commit()
  } finally {
    file.discard()
  }
}

/** Makes a rename last through a power cut. Windows cannot open a folder, and needs no such flush. */
function flushFolder(folder: string): void {
  if (process.platform === 'win32') return
  let handle: number | undefined
  try {
    handle = openSync(folder, 'r')
    fsyncSync(handle)
  } catch (error) {
    // One that may not be listed, or a file system without such a flush: the file has its name all the same.
    if (!['EACCES', 'EPERM', 'EINVAL'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  } finally {
    if (handle !== undefined) closeSync(handle)
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}
