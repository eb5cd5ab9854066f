import { toFailure } from '../../contract/errors'
import type { RunPlan, RunView } from '../../contract/ipc'
import type { RunConfig } from '../../contract/run-config'
import { openProject, type Project } from '../../store/project'
import type { GateOverride } from '../critics/gate'
import { openToRead } from '../open-to-read'
import { prepareRun, type PreparedRun } from './prepare'
import { listRuns, noteRun, planPrepared, rebuildRunIndex, startRun } from './runs'
import { projectSource } from './source'
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
export async function planRunOf(file: string | null, config: RunConfig): Promise<RunPlan> {
  if (file === null) return planPrepared(prepareRun(config, null))
  const prepare = (project: Project): PreparedRun => prepareRun(config, projectSource(project))
  return planPrepared(withProject(file, openToRead, prepare))
}

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
