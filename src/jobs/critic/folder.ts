import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  criticExample,
  criticFiles,
  criticRecord,
  trainingRecord,
  type CriticExample,
  type CriticRecord,
  type TrainingRecord
} from '../../contract/critic-record'
import { writeWhole } from '../../files/atomic-file'
import { Failure } from '../../pipeline/failure'
import { JobFolder } from '../job-folder'

/** The job's side of the folder of a critic that is being trained. */
export class CriticFolder extends JobFolder {
  private constructor(
    dir: string,
    private record: TrainingRecord
  ) {
    super(dir)
  }

  /** @throws Failure not-found, bad-configuration, run-not-resumable when the examples are not what they were */
  static open(dir: string): CriticFolder {
    const file = join(dir, criticFiles.training)
    if (!existsSync(file))
      throw new Failure('not-found', `${dir} is no critic in training: it has no ${criticFiles.training}.`)
    let record: TrainingRecord
    try {
      record = trainingRecord.parse(JSON.parse(readFileSync(file, 'utf8')))
    } catch (error) {
      throw new Failure('bad-configuration', `${file} is damaged: ${(error as Error).message}`)
    }
    const data = createHash('sha256')
      .update(readFileSync(join(dir, criticFiles.examples)))
      .digest('hex')
    if (data !== record.dataSha256)
      throw new Failure(
        'run-not-resumable',
        `The examples in ${dir} have changed since they were frozen: train a new critic.`
      )
    return new CriticFolder(dir, record)
  }

  get training(): TrainingRecord {
    return this.record
  }

  examples(): CriticExample[] {
    return this.readLines(criticFiles.examples, (line) => criticExample.parse(line))
  }

  /**
   * Notes the hash of something the training depends on, or checks that it is still what it was.
   * @throws Failure run-not-resumable when it changed
   */
  pin(what: string, hash: string): void {
    const before = this.record.hashes[what]
    if (before === hash) return
    if (before !== undefined)
      throw new Failure(
        'run-not-resumable',
        `The ${what} of this critic has changed since its training began: train a new one.`
      )
    this.record = { ...this.record, hashes: { ...this.record.hashes, [what]: hash } }
    writeWhole(this.path(criticFiles.training), JSON.stringify(this.record, null, 2) + '\n')
  }

  /** Last of all: from here on the folder is a critic. */
  finish(record: CriticRecord): void {
    writeWhole(this.path(criticFiles.record), JSON.stringify(criticRecord.parse(record), null, 2) + '\n')
  }
}

/** @throws Failure not-found, bad-configuration */
export function readCriticRecord(dir: string): CriticRecord {
  const file = join(dir, criticFiles.record)
  if (!existsSync(file)) {
    const begun = existsSync(join(dir, criticFiles.training))
    throw new Failure(
      'not-found',
      begun
        ? `The critic in ${dir} is not trained to its end; take its training up again first.`
        : `There is no critic in ${dir}: it has no ${criticFiles.record}.`
    )
  }
  try {
    return criticRecord.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (error) {
    throw new Failure('bad-configuration', `${file} is damaged: ${(error as Error).message}`)
  }
}
