import { existsSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import { toFailure } from '../../contract/errors'
import { writeWhole } from '../../files/atomic-file'
import { Failure } from '../../pipeline/failure'

const amount = z.number().min(0)

const spentSchema = z.strictObject({
  version: z.literal(1),
  requests: z.int().min(0),
  /** Those on their way at the most they can be. */
  tokens: amount,
  /** On the clock, from the first request of an opening to its latest one, all openings together. */
  seconds: amount
})

/** What a budget is counted in. */
export type Spent = Omit<z.infer<typeof spentSchema>, 'version'>

/** Where what was spent is kept from one opening of a critic to the next. */
export interface SpentBook {
  /** By earlier openings. */
  readonly before: Spent
  /** Called before a request leaves and after it came back. What it throws keeps the request from leaving. */
  keep(spent: Spent): void
}

/** Of a critic that is opened once. */
export const noBook: SpentBook = {
  before: { requests: 0, tokens: 0, seconds: 0 },
  keep: () => undefined
}

/**
 * A file that is whole at any moment, and through a power cut: who is killed has spent what it says, and at most what it
 * says.
 */
export class SpentFile implements SpentBook {
  readonly before: Spent

  /** @throws Failure run-not-resumable where the file is damaged: nobody knows then what is left of the budget */
  constructor(private readonly file: string) {
    this.before = existsSync(file) ? read(file) : noBook.before
  }

  /** @throws Failure disk-full, read-only, unreadable */
  keep({ requests, tokens, seconds }: Spent): void {
    try {
      writeWhole(this.file, JSON.stringify({ version: 1, requests, tokens, seconds }) + '\n')
    } catch (error) {
      const { code, message } = toFailure(error)
      throw new Failure(
        code,
        `What the critic spends cannot be written to ${this.file} (${message}), so nothing more is asked; mend that and resume.`
      )
    }
  }
}

function read(file: string): Spent {
  try {
    return spentSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    throw new Failure(
      'run-not-resumable',
      `${file} is damaged, so that nobody knows what is left of the critic's budget: write {"version":1,"requests":N,"tokens":N,"seconds":N} into it with what was spent, or delete it to begin with the whole budget.`
    )
  }
}
