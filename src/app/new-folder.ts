import { createHash, type Hash } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeSync
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { Failure } from '../pipeline/failure'
import { draftOf, removeAbandoned } from '../files/drafts'

/**
 * The path of a folder that is empty or not there yet.
 * @param remedy what the sentence of the failure ends with
 * @throws Failure bad-input when the folder is used already
 */
export function unusedFolder(dir: string, remedy: string): string {
  const folder = resolve(dir)
  if (existsSync(folder) && readdirSync(folder).length > 0) throw usedFolder(folder, remedy)
  return folder
}

const usedFolder = (folder: string, remedy: string): Failure =>
  new Failure('bad-input', `${folder} is not empty: ${remedy}.`)

/** Characters of a file that are gathered before they are written. */
const pieceLength = 1 << 20

/** A file of a new folder, written from its beginning to its end. */
class NewFile {
  private readonly handle: number
  private readonly hash: Hash = createHash('sha256')
  private gathered = ''

  constructor(path: string) {
    mkdirSync(dirname(path), { recursive: true })
    this.handle = openSync(path, 'w')
  }

  write(text: string): void {
    this.gathered += text
    if (this.gathered.length >= pieceLength) this.flush()
  }

  /** On the disk. @returns SHA-256 of what was written, hexadecimal */
  end(): string {
    this.flush()
    fsyncSync(this.handle)
    this.close()
    return this.hash.digest('hex')
  }

  close(): void {
    closeSync(this.handle)
  }

  private flush(): void {
    const bytes = Buffer.from(this.gathered, 'utf8')
    this.gathered = ''
    this.hash.update(bytes)
    for (let at = 0; at < bytes.length;) at += writeSync(this.handle, bytes, at)
  }
}

/** A folder that is at its path whole, or not at all: a hidden draft beside it until then. */
export class NewFolder {
  private readonly folder: string
  private readonly draft: string
  private readonly open = new Set<NewFile>()

  /**
   * @param remedy what the sentence of the failure ends with
   * @throws Failure bad-input when the folder is used already
   */
  constructor(
    dir: string,
    private readonly remedy: string
  ) {
    this.folder = unusedFolder(dir, remedy)
    this.draft = draftOf(this.folder)
    removeAbandoned(dirname(this.folder), basename(this.folder))
  }

  /** A file by its path within the folder; `write` adds to it, `end` gives its SHA-256. */
  file(name: string): Pick<NewFile, 'write' | 'end'> {
    const file = new NewFile(join(this.draft, name))
    this.open.add(file)
    return {
      write: (text) => file.write(text),
      end: () => {
        this.open.delete(file)
        return file.end()
      }
    }
  }

  /** @returns the SHA-256 of `text` */
  put(name: string, text: string): string {
    const file = this.file(name)
    file.write(text)
    return file.end()
  }

  /** Gives the folder its name. @returns its path. @throws Failure bad-input when somebody was faster */
  commit(): string {
    try {
      // Only an empty one can be removed so: what another program has put there by now stays.
      if (existsSync(this.folder)) rmdirSync(this.folder)
      renameSync(this.draft, this.folder)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      throw code === 'ENOTEMPTY' || code === 'EEXIST' ? usedFolder(this.folder, this.remedy) : error
    }
    return this.folder
  }

  /** Leaves nothing behind. */
  discard(): void {
    for (const file of this.open) file.close()
    this.open.clear()
    discardDraft(this.folder)
  }
}

/** Removes what a thread of this process, ended in the midst of it, left of the folder that it was writing. */
export const discardDraft = (dir: string): void =>
  rmSync(draftOf(resolve(dir)), { recursive: true, force: true })

/**
 * Writes a folder of text files (path within the folder -> text) under its name whole, or not at all.
 * @returns the folder's path
 * @throws Failure bad-input when the folder is used already
 */
export function writeNewFolder(dir: string, files: Readonly<Record<string, string>>, remedy: string): string {
  const folder = new NewFolder(dir, remedy)
  try {
    for (const [file, text] of Object.entries(files)) folder.put(file, text)
    return folder.commit()
  } catch (error) {
    folder.discard()
    throw error
  }
}
