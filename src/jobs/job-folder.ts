import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'
import type { JobControl, MetricsRow } from '../contract/job'
import { writeWhole } from '../files/atomic-file'
import { removeAbandoned } from '../files/drafts'
import { TrainerLock } from '../files/trainer-lock'
import { isControl, runFiles, runStatus, type Heartbeat, type RunStatus } from '../contract/run-record'

/** Files of every job that trains: a run's and a critic's have the same names. */
const jobFiles: Pick<typeof runFiles, 'metrics' | 'state' | 'heartbeat' | 'control' | 'log'> = runFiles

/**
 * Says that a job works on this folder; hosts call it every second, whatever the job is busy with. The thread that
 * answers and the thread that computes both do: each has a draft of its own, or one would move the other's away.
 */
export function beat(dir: string): void {
  const heartbeat: Heartbeat = { at: new Date().toISOString(), pid: process.pid, host: hostname() }
  const file = join(dir, jobFiles.heartbeat)
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

/** The job's side of a folder that something is trained in. */
export class JobFolder {
  /** Of a job that works here alone: it makes sure of that whenever it writes. */
  private lock: TrainerLock | null = null

  constructor(readonly dir: string) {}

  /**
   * Does `work` in a folder that nobody else works in meanwhile. It is opened before it is taken, so that nothing is
   * written where no such folder is, and again after: who had it until now may have changed what it says.
   * @throws Failure trainer-busy, and what `open` and `work` throw
   */
  static async alone<F extends JobFolder, T>(open: () => F, work: (folder: F) => Promise<T>): Promise<T> {
    const lock = TrainerLock.take(open().dir)
    try {
      // What a killed writer left half-written.
      removeAbandoned(lock.dir)
      const folder = open()
      folder.lock = lock
      return await work(folder)
    } finally {
      lock.release()
    }
  }

  path(name: string): string {
    return join(this.dir, name)
  }

  /** Files that grow by lines with a `step`. */
  protected get perStep(): readonly string[] {
    return [jobFiles.metrics]
  }

  readLines<T>(name: string, parse: (json: unknown) => T): T[] {
    const lines = readFileSync(this.path(name), 'utf8').split('\n')
    return lines.filter((line) => line !== '').map((line) => parse(JSON.parse(line)))
  }

  status(): RunStatus | null {
    const file = this.path(jobFiles.state)
    return existsSync(file) ? runStatus.parse(JSON.parse(readFileSync(file, 'utf8'))) : null
  }

  say(status: RunStatus): void {
    this.lock?.keep()
    beat(this.dir)
    writeWhole(this.path(jobFiles.state), JSON.stringify(status))
  }

  /** What is written step by step ends at this step again. */
  rewindTo(step: number): void {
    this.lock?.keep()
    for (const name of this.perStep) truncateAfterStep(this.path(name), step)
  }

  appendMetrics(row: MetricsRow): void {
    this.append(jobFiles.metrics, JSON.stringify(row) + '\n')
  }

  /** For people who help: never holds a text of the project. */
  log(sentence: string): void {
    this.append(jobFiles.log, `${new Date().toISOString()} ${sentence}\n`)
  }

  /** They reach the disk before the checkpoint that counts on them. */
  flush(): void {
    this.lock?.keep()
    for (const name of this.perStep) {
      if (!existsSync(this.path(name))) continue
      const handle = openSync(this.path(name), 'r+')
      fsyncSync(handle)
      closeSync(handle)
    }
  }

  /** Takes the word left in `control`, if any. */
  takeControl(): JobControl | null {
    this.lock?.keep()
    const file = this.path(jobFiles.control)
    if (!existsSync(file)) return null
    const word = readFileSync(file, 'utf8').trim()
    rmSync(file, { force: true })
    return isControl(word) ? word : null
  }

  protected append(name: string, text: string): void {
    this.lock?.keep()
    const handle = openSync(this.path(name), 'a')
    try {
      writeFileSync(handle, text)
    } finally {
      closeSync(handle)
    }
  }
}
