import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SampleRow } from '../../contract/job'
import { parseRunRecord, runFiles, serialiseRunRecord, type RunRecord } from '../../contract/run-record'
import type { ChosenDevice } from '../../engine/runtime/devices'
import { writeWhole } from '../../files/atomic-file'
import { Failure } from '../../pipeline/failure'
import { JobFolder } from '../job-folder'

const frozenFiles = [
  ['data', runFiles.answers],
  ['data', runFiles.prompts],
  ['critic', runFiles.rules]
] as const

/** The job's side of a run folder: the only writer of everything but `run.json`, `data/` and `control`. */
export class RunFolder extends JobFolder {
  private constructor(
    dir: string,
    private record: RunRecord,
    /** Hosts that the run's critic may send texts to: from whoever started the job, never from the folder. */
    readonly allowedHosts: readonly string[]
  ) {
    super(dir)
  }

  /** @throws Failure not-found, bad-configuration */
  static open(dir: string, allowedHosts: readonly string[] = []): RunFolder {
    const file = join(dir, runFiles.record)
    if (!existsSync(file)) throw new Failure('not-found', `${dir} is no run folder: it has no run.json.`)
    try {
      return new RunFolder(dir, parseRunRecord(JSON.parse(readFileSync(file, 'utf8'))), allowedHosts)
    } catch (error) {
      throw new Failure('bad-configuration', `${file} is damaged: ${(error as Error).message}`)
    }
  }

  get config(): RunRecord['config'] {
    return this.record.config
  }
  get resolved(): RunRecord['resolved'] {
    return this.record.resolved
  }

  /**
   * Notes the hash of something the run depends on, or checks that it is still what it was.
   * @throws Failure run-not-resumable when it changed
   */
  pin(what: string, hash: string): void {
    const before = this.record.resolved.hashes[what]
    if (before !== undefined && before !== hash)
      throw new Failure(
        'run-not-resumable',
        `The ${what} of this run has changed since it began (${before.slice(0, 12)}… then, ${hash.slice(0, 12)}… now): start a new run.`
      )
    if (before !== undefined) return
    const hashes = { ...this.record.resolved.hashes, [what]: hash }
    this.record = { ...this.record, resolved: { ...this.record.resolved, hashes } }
    writeWhole(this.path(runFiles.record), serialiseRunRecord(this.record))
  }

  /** Notes what the run is really computed on. */
  noteDevice({ device: name, instead }: ChosenDevice): void {
    const device = { name, insteadOf: instead?.asked ?? null, reason: instead?.reason ?? null }
    if (instead) this.log(`computed on ${name}: ${instead.asked} cannot be used here`)
    this.record = { ...this.record, resolved: { ...this.record.resolved, device } }
    writeWhole(this.path(runFiles.record), serialiseRunRecord(this.record))
  }

  /** What was frozen for the run must be what it was. @throws Failure run-not-resumable, naming what changed */
  pinData(): void {
    this.pin('config', createHash('sha256').update(JSON.stringify(this.config)).digest('hex'))
    for (const [what, name] of frozenFiles)
      if (existsSync(this.path(name)))
        this.pin(
          what,
          createHash('sha256')
            .update(readFileSync(this.path(name)))
            .digest('hex')
        )
  }

  appendSamples(rows: readonly SampleRow[]): void {
    this.append(runFiles.samples, rows.map((row) => JSON.stringify(row) + '\n').join(''))
  }

  protected override get perStep(): readonly string[] {
    return [runFiles.metrics, runFiles.samples]
  }
}
