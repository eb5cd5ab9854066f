import { openSync, readSync, statSync } from 'node:fs'
import { EngineFailure } from '../failure'
import { corrupt } from './safetensors-header'

/**
 * Opens a file of weights to be read by position. Opening a pipe would wait for a writer, so what the path names is
 * looked at first. @returns its descriptor. Throws `not-found`, `not-a-file`, `unreadable`.
 */
export function openRegularFile(path: string): number {
  return explainingReads(path, () => {
    const stat = statSync(path)
    if (stat.isDirectory())
      throw new EngineFailure('not-a-file', `${path} is a folder, not a file of weights.`)
    if (!stat.isFile()) throw new EngineFailure('not-a-file', `${path} is not an ordinary file.`)
    return openSync(path, 'r')
  })
}

/** Reads exactly `length` bytes at `position` into memory of their own. Throws `checkpoint-corrupt` past the end. */
export function readExactly(
  path: string,
  descriptor: number,
  position: number,
  length: number
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  for (let done = 0; done < length;) {
    // One read call is limited to 2 GiB.
    const count = readSync(descriptor, bytes, done, Math.min(length - done, 1 << 30), position + done)
    if (count === 0) throw corrupt(path, 'the file became shorter while it was read')
    done += count
  }
  return bytes
}

/** Does what reads `path`, and says in our words what the system has against it: `not-found` or `unreadable`. */
export function explainingReads<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof EngineFailure) throw error
    const { code, message } = error as NodeJS.ErrnoException
    throw code === 'ENOENT' || code === 'ENOTDIR'
      ? new EngineFailure('not-found', `There is no file ${path}.`)
      : new EngineFailure('unreadable', `${path} cannot be read (${message}).`)
  }
}
