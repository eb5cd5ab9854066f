import { statSync, type Stats } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import type { CancelSignal } from '../contract/critic'
import { splitRecords, type RecordBatch } from '../formats/split-records'
import { Failure } from '../pipeline/failure'

const chunkBytes = 256 * 1024

/** A file of records, read as often as needed and never whole. */
export class RecordFile {
  readonly name: string
  readonly bytes: number

  /** @throws Failure not-found, not-a-file, empty-file, unreadable */
  constructor(readonly path: string) {
    this.name = basename(path)
    const found = statOf(path)
    if (found.isDirectory())
      throw new Failure('not-a-file', `${this.name} is a folder; name a file inside it.`)
    if (!found.isFile())
      throw new Failure('not-a-file', `${this.name} is not an ordinary file; choose a file.`)
    if (found.size === 0) throw this.empty()
    this.bytes = found.size
  }

  empty(): Failure {
    return new Failure('empty-file', `${this.name} holds no record; choose another file or export it again.`)
  }

  cancelled(): Failure {
    return new Failure('cancelled', `The import of ${this.name} was cancelled; nothing of it was kept.`)
  }

  /**
   * Batches of records as they are read; between two batches others have their turn.
   * @throws Failure cancelled, unreadable, bad-json, bad-encoding, each naming the file
   */
  async *batches(signal?: CancelSignal, onBytes?: (done: number) => void): AsyncGenerator<RecordBatch> {
    try {
      for await (const batch of splitRecords(this.chunks(onBytes))) {
        if (signal?.aborted) throw this.cancelled()
        yield batch
      }
    } catch (thrown) {
      throw this.explain(thrown)
    }
  }

  /** What went wrong with one record, in one sentence: file, record, remedy. */
  sentence(record: string, failure: Failure): string {
    return `${this.name}, ${record}: ${failure.message}.`
  }

  /** One buffer for all chunks: a chunk is good until the next one is asked for. */
  private async *chunks(onBytes?: (done: number) => void): AsyncGenerator<Uint8Array> {
    const file = await open(this.path, 'r')
    try {
      const chunk = new Uint8Array(chunkBytes)
      for (let done = 0; ;) {
        const { bytesRead } = await file.read(chunk, 0, chunkBytes, null)
        if (bytesRead === 0) return
        yield chunk.subarray(0, bytesRead)
        onBytes?.((done += bytesRead))
      }
    } finally {
      await file.close()
    }
  }

  private explain(thrown: unknown): unknown {
    if (thrown instanceof Failure)
      return thrown.message.startsWith('it ')
        ? new Failure(thrown.code, `${this.name} cannot be read: ${thrown.message}.`)
        : thrown
    return typeof (thrown as NodeJS.ErrnoException).code === 'string' ? unreadable(this.name) : thrown
  }
}

function statOf(path: string): Stats {
  try {
    return statSync(path)
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT')
      throw new Failure('not-found', `There is no file ${path}: check the path or the name.`)
    throw unreadable(basename(path))
  }
}

const unreadable = (name: string): Failure =>
  new Failure('unreadable', `${name} could not be read; check its permissions and the disk.`)
