import * as nodeFiles from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { EngineFailure } from '../failure'

/** The part of `node:fs` that writing needs; tests put in one that fails. */
export type WritableFiles = Pick<
  typeof nodeFiles,
  | 'closeSync'
  | 'existsSync'
  | 'fsyncSync'
  | 'mkdirSync'
  | 'openSync'
  | 'readdirSync'
  | 'renameSync'
  | 'rmSync'
  | 'writeSync'
>

/** What a folder shall hold: file name → pieces of the file, in order. */
export type FolderContents = ReadonlyMap<string, readonly Uint8Array[]>

/** The same where pieces are made as they are written, so that a large file is never in memory. */
type FolderSource = ReadonlyMap<string, Iterable<Uint8Array>>

/** Bytes written in one call; the system allows at most 2 GiB. */
const pieceBytes = 1 << 26

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
export const jsonFile = (value: unknown): Uint8Array[] => [utf8(JSON.stringify(value, null, 2) + '\n')]

/**
 * Writes a folder so that it is either whole or not there: into a hidden folder beside it, every file and the folder
 * flushed to the disk, then renamed. An earlier folder of the same files is replaced; one that holds anything else is
 * never touched (`bad-input`). If writing fails, what was written is removed, and `disk-full`, `read-only` or
 * `unreadable` is thrown.
 */
export function writeFolderAtomically(
  folder: string,
  contents: FolderSource,
  files: WritableFiles = nodeFiles
): void {
  const target = resolve(folder)
  const parent = dirname(target)
  const beside = (role: string) => join(parent, `.${basename(target)}.${role}-${process.pid}`)
  const [temporary, previous] = [beside('new'), beside('old')]
  explainingFailures(target, () => {
    refuseForeignFolder(target, contents, files)
    files.mkdirSync(parent, { recursive: true })
    files.rmSync(temporary, { recursive: true, force: true })
    try {
      files.mkdirSync(temporary)
      for (const [name, pieces] of contents) writeAndFlush(join(temporary, name), pieces, files)
      flushFolder(temporary, files)
      // A folder cannot be renamed over one that is not empty. Between the two renames neither name exists: whoever
      // reads checkpoints then takes the one before.
      if (files.existsSync(target)) files.renameSync(target, previous)
      files.renameSync(temporary, target)
    } catch (error) {
      if (!files.existsSync(target) && files.existsSync(previous)) files.renameSync(previous, target)
      removeQuietly(temporary, files)
      throw error
    }
    flushFolder(parent, files)
    removeQuietly(previous, files)
  })
}

/** Writes one file so that it is either whole or as it was before; see `writeFolderAtomically`. */
export function writeFileAtomically(
  file: string,
  pieces: Iterable<Uint8Array>,
  files: WritableFiles = nodeFiles
): void {
  const target = resolve(file)
  const temporary = join(dirname(target), `.${basename(target)}.new-${process.pid}`)
  explainingFailures(target, () => {
    try {
      writeAndFlush(temporary, pieces, files)
      files.renameSync(temporary, target)
    } catch (error) {
      removeQuietly(temporary, files)
      throw error
    }
    flushFolder(dirname(target), files)
  })
}

function refuseForeignFolder(target: string, contents: FolderSource, files: WritableFiles): void {
  if (!files.existsSync(target)) return
  const foreign = files.readdirSync(target).find((name) => !contents.has(name))
  if (foreign !== undefined) {
    throw new EngineFailure(
      'bad-input',
      `${target} already holds ${foreign}, which is not ours to replace; choose a new folder.`
    )
  }
}

function writeAndFlush(path: string, pieces: Iterable<Uint8Array>, files: WritableFiles): void {
  const descriptor = files.openSync(path, 'w')
  try {
    for (const piece of pieces) {
      for (let done = 0; done < piece.length;) {
        done += files.writeSync(descriptor, piece, done, Math.min(piece.length - done, pieceBytes))
      }
    }
    files.fsyncSync(descriptor)
  } finally {
    files.closeSync(descriptor)
  }
}

/** Makes a rename last through a power cut. Windows cannot open a folder and needs no such flush. */
function flushFolder(folder: string, files: WritableFiles): void {
  if (process.platform === 'win32') return
  const descriptor = files.openSync(folder, 'r')
  try {
    files.fsyncSync(descriptor)
  } finally {
    files.closeSync(descriptor)
  }
}

/** Cleaning up after a failure must not hide the failure. */
function removeQuietly(path: string, files: WritableFiles): void {
  try {
    files.rmSync(path, { recursive: true, force: true })
  } catch {
    // What is left is hidden, and the next write of the same folder removes it.
  }
}

function explainingFailures(target: string, write: () => void): void {
  try {
    write()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    // What makes the pieces may fail in its own words.
    if (error instanceof EngineFailure || !/^E[A-Z]+$/.test(code ?? '')) throw error
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      throw new EngineFailure(
        'disk-full',
        `There is no room on the disk for ${target}; nothing was half-written.`
      )
    }
    if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') {
      throw new EngineFailure('read-only', `${target} cannot be written: its place is read-only.`)
    }
    throw new EngineFailure('unreadable', `${target} could not be written (${message}).`)
  }
}
