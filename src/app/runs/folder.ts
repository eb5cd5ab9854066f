import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import type { RunDetail, RunView } from '../../contract/ipc'
import type { JobControl, MetricsRow, Progress, SampleRow } from '../../contract/job'
import {
  bestCheckpoint,
  heartbeat,
  parseRunRecord,
  runFiles,
  runStateOf,
  runStatus,
  type BestCheckpoint,
  type Heartbeat,
  type RunRecord,
  type RunStatus
} from '../../contract/run-record'
import { writeWhole } from '../../files/atomic-file'
import { isAlive } from '../../files/is-alive'
import { Failure } from '../../pipeline/failure'

/** The app's side of a run folder: it reads what the job wrote, and leaves words in `control`. */

/** @throws Failure not-found, bad-configuration */
export function readRunRecord(dir: string): RunRecord {
  const file = join(dir, runFiles.record)
  if (!existsSync(file)) throw new Failure('not-found', `${dir} is no run folder: it has no run.json.`)
  try {
    return parseRunRecord(JSON.parse(readFileSync(file, 'utf8')))
  } catch (error) {
    throw new Failure('bad-configuration', `${file} is damaged: ${(error as Error).message}`)
  }
}

function readJson<T>(file: string, parse: (json: unknown) => T): T | null {
  if (!existsSync(file)) return null
  try {
    return parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return null // Being replaced at this moment, or damaged: either way it says nothing.
  }
}

/** Whether the job's process is there; null when only its own machine could tell. */
const isBeating = (beat: Heartbeat | null): boolean | null =>
  beat === null || beat.host !== hostname() ? null : isAlive(beat.pid)

export function readRunView(dir: string, progress: Progress | null = null): RunView {
  const { config, resolved } = readRunRecord(dir)
  const status: RunStatus | null = readJson(join(dir, runFiles.state), (json) => runStatus.parse(json))
  const beat = readJson(join(dir, runFiles.heartbeat), (json) => heartbeat.parse(json))
  return {
    runId: resolved.id,
    dir: resolve(dir),
    name: resolved.name,
    state: runStateOf(status, beat, new Date(), isBeating(beat)),
    step: status?.step ?? 0,
    steps: config.steps,
    source: config.source,
    startedAt: resolved.createdAt,
    progress,
    error: status?.error ?? null
  }
}

/** Whole lines of `metrics.jsonl` from a step on; a line being written is not there yet. */
export function readMetrics(dir: string, fromStep = 0): MetricsRow[] {
  return wholeLines(join(dir, runFiles.metrics))
    .map((line) => JSON.parse(line) as MetricsRow)
    .filter((row) => row.step >= fromStep)
}

function wholeLines(file: string): string[] {
  if (!existsSync(file)) return []
  const text = readFileSync(file, 'utf8')
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(0, -1)
}

export function readRunDetail(dir: string, fromStep = 0): RunDetail {
  const { config, resolved } = readRunRecord(dir)
  return {
    run: readRunView(dir),
    config,
    hashes: resolved.hashes,
    device: resolved.device ?? null,
    criticGate: resolved.criticGate ?? null,
    metrics: readMetrics(dir, fromStep)
  }
}

/** The answers of one step. The file may hold hundreds of megabytes, so it is read in pieces and never kept whole. */
export function readSamples(dir: string, step: number): SampleRow[] {
  const rows: SampleRow[] = []
  const marker = `{"step":${step},`
  for (const line of eachLine(join(dir, runFiles.samples)))
    if (line.startsWith(marker)) rows.push(JSON.parse(line) as SampleRow)
  return rows
}

function* eachLine(file: string): Generator<string> {
  if (!existsSync(file)) return
  const handle = openSync(file, 'r')
  try {
    const decoder = new TextDecoder()
    const piece = new Uint8Array(1 << 20)
    let rest = ''
    for (;;) {
      const read = readSync(handle, piece)
      if (read === 0) return
      const lines = (rest + decoder.decode(piece.subarray(0, read), { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      yield* lines
    }
  } finally {
    closeSync(handle)
  }
}

/** The latest checkpoint's folder, or null. */
export function latestCheckpoint(dir: string): string | null {
  const folder = join(dir, runFiles.checkpoints)
  if (!existsSync(folder)) return null
  const steps = readdirSync(folder).filter((name) => /^\d+$/.test(name))
  steps.sort((a, b) => Number(a) - Number(b))
  return steps.length > 0 ? join(folder, steps[steps.length - 1]) : null
}

/** The best checkpoint by the metric that the run declares, and by what mean of it; null while there is none. */
export function bestCheckpointOf(dir: string): (BestCheckpoint & { readonly dir: string }) | null {
  const best = readJson(join(dir, runFiles.best), (json) => bestCheckpoint.parse(json))
  const folder = best && join(dir, runFiles.checkpoints, String(best.step))
  return best && folder && existsSync(folder) ? { ...best, dir: folder } : null
}

/** The finished adapter's folder, or null. */
export function finalAdapter(dir: string): string | null {
  const folder = join(dir, runFiles.adapter)
  return existsSync(folder) ? folder : null
}

/** Leaves a word for the job, which reads it between two steps. @throws Failure when no job is there to read it */
export function tellRun(dir: string, word: JobControl): RunView {
  const run = readRunView(dir)
  if (run.state !== 'running' && run.state !== 'paused' && run.state !== 'waiting')
    throw new Failure('bad-input', `The run ${run.name} is ${run.state}: there is nothing to ${word}.`)
  writeWhole(join(dir, runFiles.control), word)
  return run
}

/** A word that nobody heard must not reach the next job on this folder. */
export const forgetControl = (dir: string): void => rmSync(join(dir, runFiles.control), { force: true })
