import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { threadId } from 'node:worker_threads'
import type { JobControl, MetricsRow, SampleRow } from '../contract/job'
import {
  isControl,
  parseRunRecord,
  runFiles,
  runStatus,
  serialiseRunRecord,
  type Heartbeat,
  type RunRecord,
  type RunStatus
} from '../contract/run-record'
import type { ChosenDevice } from '../engine/runtime/devices'
import { Failure } from '../pipeline/failure'

/** Writes a file so that a crash leaves either the old one or the new one, whole. */
export function writeWhole(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true })
  const draft = `${file}.new`
  const handle = openSync(draft, 'w')
  try {
    writeFileSync(handle, text)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  renameSync(draft, file)
}

/**
 * Says that a job works on this folder; hosts call it every second, whatever the job is busy with. The thread that
 * answers and the thread that computes both do: each has a draft of its own, or one would move the other's away.
 */
export function beat(runDir: string): void {
  const heartbeat: Heartbeat = { at: new Date().toISOString(), pid: process.pid, host: hostname() }
  const file = join(runDir, runFiles.heartbeat)
  const draft = `${file}.${threadId}.new`
  writeFileSync(draft, JSON.stringify(heartbeat))
  renameSync(draft, file)
}

/** Keeps the whole lines whose `step` is at most `step`: what a dead run wrote past its last checkpoint is undone. */
export function truncateAfterStep(file: string, step: number): void {
  if (!existsSync(file)) return
  const bytes = readFileSync(file)
  let kept = 0
  while (kept < bytes.length) {
    const end = bytes.indexOf(10, kept)
    if (end < 0 || stepOf(bytes.toString('utf8', kept, end)) > step) break
    kept = end + 1
  }
  if (kept < bytes.length) truncateSync(file, kept)
}

function stepOf(line: string): number {
  try {
    return (JSON.parse(line) as { step: number }).step
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

const frozenFiles = [
  ['data', runFiles.answers],
  ['data', runFiles.prompts],
  ['critic', runFiles.rules]
] as const

/** The job's side of a run folder: the only writer of everything but `run.json`, `data/` and `control`. */
export class RunFolder {
  private constructor(
    readonly dir: string,
    private record: RunRecord
  ) {}

  /** @throws Failure not-found, bad-configuration */
  static open(dir: string): RunFolder {
    const file = join(dir, runFiles.record)
    if (!existsSync(file)) throw new Failure('not-found', `${dir} is no run folder: it has no run.json.`)
    try {
      return new RunFolder(dir, parseRunRecord(JSON.parse(readFileSync(file, 'utf8'))))
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

  path(name: string): string {
    return join(this.dir, name)
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

  readLines<T>(name: string, parse: (json: unknown) => T): T[] {
    const lines = readFileSync(this.path(name), 'utf8').split('\n')
    return lines.filter((line) => line !== '').map((line) => parse(JSON.parse(line)))
  }

  status(): RunStatus | null {
    const file = this.path(runFiles.state)
    return existsSync(file) ? runStatus.parse(JSON.parse(readFileSync(file, 'utf8'))) : null
  }

  say(status: RunStatus): void {
    beat(this.dir)
    writeWhole(this.path(runFiles.state), JSON.stringify(status))
  }

  /** Both files end at this step again. */
  rewindTo(step: number): void {
    truncateAfterStep(this.path(runFiles.metrics), step)
    truncateAfterStep(this.path(runFiles.samples), step)
  }

  appendMetrics(row: MetricsRow): void {
    this.append(runFiles.metrics, JSON.stringify(row) + '\n')
  }

  appendSamples(rows: readonly SampleRow[]): void {
    this.append(runFiles.samples, rows.map((row) => JSON.stringify(row) + '\n').join(''))
  }

  /** For people who help: never holds a text of the project. */
  log(sentence: string): void {
    this.append(runFiles.log, `${new Date().toISOString()} ${sentence}\n`)
  }

  /** Metrics and samples reach the disk before the checkpoint that counts on them. */
  flush(): void {
    for (const name of [runFiles.metrics, runFiles.samples]) {
      if (!existsSync(this.path(name))) continue
      const handle = openSync(this.path(name), 'r+')
      fsyncSync(handle)
      closeSync(handle)
    }
  }

  /** Takes the word left in `control`, if any. */
  takeControl(): JobControl | null {
    const file = this.path(runFiles.control)
    if (!existsSync(file)) return null
    const word = readFileSync(file, 'utf8').trim()
    rmSync(file, { force: true })
    return isControl(word) ? word : null
  }

  private append(name: string, text: string): void {
    const handle = openSync(this.path(name), 'a')
    try {
      writeFileSync(handle, text)
    } finally {
      closeSync(handle)
    }
  }
}
