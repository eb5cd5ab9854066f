import type { CriticGate } from '../../contract/critic-gate'
import { toFailure } from '../../contract/errors'
import type { RunPlan, RunView } from '../../contract/ipc'
import type { RunConfig } from '../../contract/run-config'
import { countRows } from '../../store/counts'
import { lastSequence } from '../../store/history'
import { openProject, type Project } from '../../store/project'
import type { GateOverride } from '../critics/gate'
import { openToRead } from '../open-to-read'
import type { ReadingTools } from '../reading/reading-tools'
import { requireFits } from './memory'
import { prepareRun } from './prepare'
import { listRuns, noteRun, planPrepared, rebuildRunIndex, startRun, type WrittenRun } from './runs'
import { withSource } from './source'
import { RunDraft } from './write'
import { SampleWork, type SampleOptions } from '../sample'

/** Runs of a project given by its path. The project is open only while it is read or written, never while training. */

function withProject<T>(file: string, open: (file: string) => Project, work: (project: Project) => T): T {
  const project = open(file)
  try {
    return work(project)
  } finally {
    project.close()
  }
}

/** The window may have the project open: a run may still start from it, and is indexed when it opens next. */
function openForRun(file: string): Project {
  try {
    return openProject(file)
  } catch (error) {
    if (toFailure(error).code !== 'project-busy') throw error
    return openToRead(file)
  }
}

/** The project is closed again before memory is worked out, which takes longest. */
export const planRunOf = async (file: string | null, config: RunConfig): Promise<RunPlan> =>
  planPrepared(withSource(file, openToRead, (source) => prepareRun(config, source)))

/** A run that is to be written, and what was made sure of before. */
export interface RunToWrite {
  readonly config: RunConfig
  readonly dir: string
  readonly criticGate: CriticGate | null
  /** Also where the estimate says that this machine has too little memory. */
  readonly overMemory: boolean
}

/**
 * Plans a run and writes its folder, beside whoever writes the project; it is left to them to enter it there.
 * @throws Failure cancelled, out-of-memory-estimate, and as `startRun`; nothing is left then
 */
export async function writeRunOf(
  file: string,
  { config, dir, criticGate, overMemory }: RunToWrite,
  { onProgress, goOn }: ReadingTools
): Promise<WrittenRun> {
  goOn()
  const draft = new RunDraft(dir)
  try {
    const { sequence, ...made } = withSource(file, openToRead, (source, db) => {
      const { documents, responses } = db ? countRows(db) : { documents: 0, responses: 0 }
      const [total, unit] = config.source === 'annotated' ? [responses, 'answers'] : [documents, 'prompts']
      let done = 0
      const between = (): void => {
        goOn()
        if (++done % tellEvery === 0) onProgress({ done, total: Math.max(done, total), unit })
      }
      return { ...draft.prepare(config, source, between), sequence: db ? lastSequence(db) : 0 }
    })
    const plan = await planPrepared(made.prepared)
    goOn()
    if (!overMemory) requireFits(plan.memory)
    const { annotationIds } = made.prepared
    return { dir: draft.commit(made, plan.config, criticGate), annotationIds, sequence }
  } catch (thrown) {
    draft.discard()
    throw thrown
  }
}

/** Answers or prompts between two reports. */
const tellEvery = 64

export const startRunOf = (
  file: string | null,
  config: RunConfig,
  dir: string,
  override?: GateOverride
): RunView =>
  file === null
    ? startRun(null, config, dir, override)
    : withProject(file, openForRun, (project) => startRun(project, config, dir, override))

export const noteRunOf = (file: string | null, dir: string): void => {
  if (file === null) return
  withProject(file, openForRun, (project) => {
    if (!project.readOnly) noteRun(() => project, dir)
  })
}

export const listRunsOf = (file: string): RunView[] =>
  withProject(file, openForRun, (project) => {
    if (!project.readOnly) rebuildRunIndex(project)
    return listRuns(project)
  })

/** Asks, has the job done by `host`, and takes the answers in. */
export async function sampleInto(
  file: string,
  options: SampleOptions,
  host: (request: SampleWork['request']) => Promise<unknown>
): Promise<{ responses: number }> {
  const work = withProject(file, openToRead, (project) => new SampleWork(project, options))
  try {
    await host(work.request)
    return withProject(file, openProject, (project) => work.take(project))
  } finally {
    work.discard()
  }
}
