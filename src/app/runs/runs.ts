import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { RunDetail, RunPlan, RunView } from '../../contract/ipc'
import type { JobControl, SampleRow } from '../../contract/job'
import type { RunConfig } from '../../contract/run-config'
import { parseRunConfig, runFiles } from '../../contract/run-record'
import { requireNoTrainer } from '../../files/trainer-lock'
import { Failure } from '../../pipeline/failure'
import { lastSequence } from '../../store/history'
import type { Project } from '../../store/project'
import { getRun, listRuns as listIndexed, putRun, recordLineage, type RunRow } from '../../store/runs'
import { requireTrusted, type GateOverride } from '../critics/gate'
import { resolvePaths } from './config-file'
import { forgetControl, readRunDetail, readRunView, readSamples, tellRun } from './folder'
import { machineMemory, planMemory } from './memory'
import { chooseMemory } from './memory-choice'
import type { PreparedRun } from './prepare'
import { readingSource } from './source'
import { RunDraft } from './write'

/**
 * Runs as a project sees them. Starting one means writing its folder; a host (the window's trainer process, or the
 * command line's child) then gets `{ kind: 'train', runDir }`. The folder is the truth, the project holds an index.
 */

/** Folder beside a project file that the window's runs go to: `NAME.runs`. */
export const runsFolderOf = (project: Project): string => join(dirname(project.file), `${project.name}.runs`)

/** A configuration from the window or a file. @throws Failure bad-configuration */
export const configFor = (project: Project | null, json: unknown): RunConfig =>
  resolvePaths(parseRunConfig(json), project ? dirname(project.file) : '.')

/** The dry run: what would train, what was dropped and why. Writes nothing. */
export async function planPrepared({ config: asked, plan, model, lengths }: PreparedRun): Promise<RunPlan> {
  const { config, budget } = await chooseMemory(asked, model, lengths)
  return { ...plan, config, memory: await planMemory(config, model, lengths, machineMemory(), budget) }
}

/**
 * Writes the folder of a new run and enters it in the index, with the annotations that it learns from: for a program
 * that does nothing else meanwhile. A window has another thread write it, `writeRunOf`.
 * @throws Failure critic-not-trusted, nothing-to-train, bad-configuration, bad-input, and what writing a folder may throw
 */
export function startRun(
  project: Project | null,
  config: RunConfig,
  dir?: string,
  override?: GateOverride
): RunView {
  if (config.memory === 'auto')
    throw new Failure(
      'bad-configuration',
      'memory is auto: a run starts from its plan, which says what that is.'
    )
  const folder = dir ?? nextFolder(project)
  const criticGate = requireTrusted(project, config.critic, override)
  const draft = new RunDraft(folder)
  try {
    const { sequence, ...made } = project
      ? project.snapshot((db) => ({
          ...draft.prepare(config, readingSource(db)),
          sequence: lastSequence(db)
        }))
      : { ...draft.prepare(config, null), sequence: 0 }
    const { config: chosen, annotationIds } = made.prepared
    const written = { dir: draft.commit(made, chosen, criticGate), annotationIds, sequence }
    return project && !project.readOnly ? enterRun(project, written) : readRunView(written.dir)
  } catch (thrown) {
    draft.discard()
    throw thrown
  }
}

/** A run whose folder is there, what it learns from, and the entry of the history after which that was read. */
export interface WrittenRun {
  readonly dir: string
  readonly annotationIds: readonly string[]
  readonly sequence: number
}

/** Enters a new run in the index, with its lineage. */
export function enterRun(project: Project, { dir, annotationIds, sequence }: WrittenRun): RunView {
  const view = readRunView(dir)
  project.write((db) => {
    putRun(db, rowOf(view))
    recordLineage(db, view.runId, annotationIds, sequence)
  })
  return view
}

/** @throws Failure bad-input where there is no project beside which it could be */
export function nextFolder(project: Project | null): string {
  if (project === null) throw new Failure('bad-input', 'Name a folder for the run.')
  const folder = runsFolderOf(project)
  const numbers = existsSync(folder)
    ? readdirSync(folder).map((name) => Number(/^run-(\d+)$/.exec(name)?.[1] ?? 0))
    : []
  return join(folder, `run-${Math.max(0, ...numbers) + 1}`)
}

const rowOf = ({ runId, dir, name, source, state, step, steps, startedAt }: RunView): RunRow => ({
  ...{ runId, dir, name, source, state, step, steps, startedAt }
})

/** Brings one run's place in the index up to date. A project that was closed meanwhile does so when it opens. */
export function noteRun(project: () => Project, dir: string): void {
  try {
    const row = rowOf(readRunView(dir))
    project().write((db) => putRun(db, row))
  } catch (error) {
    if (!(error instanceof Failure)) throw error
  }
}

/** Newest first, as their folders say. A folder that is gone is left out; the index keeps its place. */
export function listRuns(project: Project): RunView[] {
  return project
    .read(listIndexed)
    .filter(({ dir }) => existsSync(join(dir, runFiles.record)))
    .map(({ dir }) => readRunView(dir))
}

/** Brings the index up to date with the folders; called when a project opens. */
export function rebuildRunIndex(project: Project): void {
  const folder = runsFolderOf(project)
  // What is hidden is a draft that somebody writes, or left.
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => !name.startsWith('.')) : []
  const beside = names.map((name) => join(folder, name))
  const known = project.read(listIndexed).map(({ dir }) => dir)
  for (const dir of new Set([...known, ...beside])) {
    if (!existsSync(join(dir, runFiles.record))) continue
    // A damaged run folder must not keep a project shut: the run is not listed until it is mended.
    noteRun(() => project, dir)
  }
}

/** @throws Failure not-found */
export function runFolderOf(project: Project, runId: string): string {
  const run = project.read((db) => getRun(db, runId))
  if (run && existsSync(join(run.dir, runFiles.record))) return run.dir
  throw new Failure('not-found', run ? `The folder ${run.dir} is gone.` : `The project has no run ${runId}.`)
}

/** A run and its metrics from a step on. */
export const showRun = (project: Project, runId: string, fromStep: number): RunDetail =>
  readRunDetail(runFolderOf(project, runId), fromStep)

export const runSamples = (project: Project, runId: string, step: number): SampleRow[] =>
  readSamples(runFolderOf(project, runId), step)

/** Stop, pause or continue: left in the run's folder, heard between two steps. */
export function controlRun(project: Project, runId: string, word: JobControl): RunView {
  return tellRun(runFolderOf(project, runId), word)
}

/**
 * Whether a run can be taken up again; the host then gets the same request as for a start.
 * @throws Failure trainer-busy when it is going on, run-not-resumable when it is finished
 */
export function resumableRun(dir: string): RunView {
  const run = readRunView(dir)
  requireNoTrainer(dir)
  if (run.state === 'running' || run.state === 'paused')
    throw new Failure('trainer-busy', `The run ${run.name} is ${run.state} already.`)
  if (run.state === 'finished')
    throw new Failure('run-not-resumable', `The run ${run.name} is finished: there is nothing to resume.`)
  forgetControl(dir)
  return run
}
