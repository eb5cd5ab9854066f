import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { Failure } from '../pipeline/failure'

/** How bytes reach the disk; a test gives one that fails. */
export type WriteBytes = (handle: number, bytes: Uint8Array, offset: number) => number

/** A file that is complete at its path, or not there: written beside it and moved into place. */
export class AtomicFile {
  private readonly temporary: string
  private readonly handle: number

  /** @throws Failure not-a-file, not-found, read-only, disk-full */
  constructor(
    readonly path: string,
    private readonly writeBytes: WriteBytes = writeSync
  ) {
    if (isFolder(path)) throw new Failure('not-a-file', `${path} is a folder; name a file inside it.`)
    this.temporary = `${path}.${process.pid}.part`
    try {
      this.handle = openSync(this.temporary, 'w')
    } catch (thrown) {
      throw this.explain(thrown)
    }
  }

  write(text: string): void {
    try {
      const bytes = Buffer.from(text, 'utf8')
      for (let at = 0; at < bytes.length;) at += this.writeBytes(this.handle, bytes, at)
    } catch (thrown) {
      throw this.explain(thrown)
    }
  }

  /** Puts the whole file in its place. */
  commit(): void {
    try {
      fsyncSync(this.handle)
      closeSync(this.handle)
      renameSync(this.temporary, this.path)
    } catch (thrown) {
      throw this.explain(thrown)
    }
  }

  /** Leaves nothing behind. */
  discard(): void {
    try {
      closeSync(this.handle)
    } catch {
      // closed already
    }
    rmSync(this.temporary, { force: true })
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

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}
