import { rmSync } from 'node:fs'
import type { FailureValue } from '../../contract/errors'
import type { AppEvent, Device, Handlers, RunPlan, RunView } from '../../contract/ipc'
import type { JobControl, JobEvent, JobRequest, Progress } from '../../contract/job'
import type { RunConfig } from '../../contract/run-config'
import { Failure } from '../../pipeline/failure'
import type { Project } from '../../store/project'
import { requireTrusted } from '../critics/gate'
import { requireAllowedHost } from '../critics/preview'
import type { LongWork, WorkTools } from '../long-work'
import { discardDraft } from '../new-folder'
import type { ReadingThread } from '../reading/reading-thread'
import { hasReview, openReview, reviewRequest } from '../review/review'
import { readRunView } from './folder'
import { configFor, controlRun, enterRun, listRuns, nextFolder, noteRun } from './runs'
import { resumableRun, runFolderOf, runSamples, showRun } from './runs'

export interface RunHost {
  /** The open project. @throws Failure when there is none */
  readonly project: () => Project
  /** Does a job elsewhere; `done` or `failed` comes last, once. */
  readonly host: (request: JobRequest, listener: (event: JobEvent) => void) => void
  /** Tells the job that is going on. */
  readonly control: (control: JobControl) => void
  readonly emit: (event: AppEvent) => void
  /** Who sits here. */
  readonly person: () => string
  /** Jobs that are no runs are shown, and cancelled, as long work. */
  readonly work: LongWork
  readonly reading: Pick<ReadingThread, 'ask'>
  /** Hosts that this seat allows critics to send texts to. */
  readonly allowedHosts: () => readonly string[]
}

/** What a job is asked to do; where that takes a while to say, it is part of the work. */
type Prepare = JobRequest | ((tools: WorkTools) => Promise<JobRequest>)

/** What the window calls the making of a run's folder. */
const startTitle = 'Writing down what the run learns from'

/** The run and review routes. One job at a time: a second one is refused before anything is written. */
export function runHandlers(seat: RunHost) {
  const { project, host, control, emit, person, work, reading, allowedHosts } = seat
  let busy: string | null = null
  const planOf = (config: RunConfig): Promise<RunPlan> =>
    reading.ask('plan', { file: project().file, config })

  const claim = (what: string): void => {
    if (busy !== null) throw new Failure('trainer-busy', `${busy} is going on: wait for it, or stop it.`)
    busy = what
  }

  /** Follows a training job; the project may have been closed meanwhile, so only the folder is asked. */
  const follow = (run: RunView): RunView => {
    claim(`The run ${run.name}`)
    const tell = (progress: Progress | null, refused: FailureValue | null = null): void => {
      const view = readRunView(run.dir, progress)
      emit({ kind: 'run', run: { ...view, error: view.error ?? refused } })
    }
    host({ kind: 'train', runDir: run.dir }, (event) => {
      if (event.kind === 'progress') return tell(event.progress)
      busy = null
      noteRun(project, run.dir)
      // One that another program was faster to take says nothing of it in the folder.
      tell(null, event.kind === 'failed' && event.error.code === 'trainer-busy' ? event.error : null)
    })
    return run
  }

  const doJob = async (what: string, prepare: Prepare): Promise<unknown> => {
    claim(what)
    try {
      return await work.run(what, async (tools) => {
        const { signal, onProgress } = tools
        const request = typeof prepare === 'function' ? await prepare(tools) : prepare
        signal.addEventListener('abort', () => control('stop'))
        return new Promise((resolve, reject) => {
          host(request, (event) => {
            if (event.kind === 'progress') return onProgress(event.progress)
            if (event.kind === 'done') resolve(event.result)
            else reject(new Failure(event.error.code, event.error.message))
          })
          if (signal.aborted) control('stop')
        })
      })
    } finally {
      busy = null
    }
  }

  const assertIdle = (): void => {
    if (busy !== null) throw new Failure('trainer-busy', `${busy} is going on: wait for it, or stop it.`)
  }

  /** Quietly: it is no work that a person asked for. While a job is going on, its device is in use and nothing is tried. */
  const tryDevices = (): Promise<readonly Device[]> => {
    claim('Trying the devices')
    return new Promise((resolve, reject) =>
      host({ kind: 'devices' }, (event) => {
        if (event.kind === 'progress') return
        busy = null
        if (event.kind === 'done') resolve(event.result as readonly Device[])
        else reject(new Failure(event.error.code, event.error.message))
      })
    )
  }

  return {
    tryDevices,
    /** For other jobs that share the trainer, such as sampling. */
    doJob,

    handlers: {
      'runs.list': () => listRuns(project()),
      'runs.plan': ({ config }) => planOf(configFor(project(), config)),
      'runs.preview': ({ config: asked }) => {
        const config = configFor(project(), asked)
        return reading.ask('preview-run', { file: project().file, config, allowedHosts: allowedHosts() })
      },
      'runs.start': async ({ config, overMemory, overrideGate }) => {
        const into = project()
        const asked = configFor(into, config)
        const override = overrideGate === undefined ? undefined : { person: person(), reason: overrideGate }
        claim('The start of a run')
        const dir = nextFolder(into)
        try {
          await requireAllowedHost(asked.critic, allowedHosts())
          const criticGate = requireTrusted(into, asked.critic, override)
          const run = { config: asked, dir, criticGate, overMemory: overMemory ?? false }
          const written = await work.run(startTitle, (tools) =>
            reading.ask('write-run', { file: into.file, run }, tools)
          )
          // The project may have been closed, and another opened, meanwhile.
          if (project() !== into) {
            rmSync(written.dir, { recursive: true, force: true })
            throw new Failure('cancelled', 'Another project was opened: start the run again.')
          }
          busy = null
          return follow(enterRun(into, written))
        } catch (thrown) {
          busy = null
          // Of a thread that was ended in the midst of it.
          discardDraft(dir)
          throw thrown
        }
      },
      'runs.stop': ({ runId }) => controlRun(project(), runId, 'stop'),
      'runs.pause': ({ runId }) => controlRun(project(), runId, 'pause'),
      'runs.continue': ({ runId }) => controlRun(project(), runId, 'continue'),
      'runs.resume': ({ runId }) => {
        assertIdle()
        return follow(resumableRun(runFolderOf(project(), runId)))
      },
      'runs.show': ({ runId, fromStep }) => showRun(project(), runId, fromStep),
      'runs.samples': ({ runId, step }) => runSamples(project(), runId, step),
      'runs.compare': ({ runIds }) => runIds.map((runId) => showRun(project(), runId, 0)),
      'review.open': async ({ runId }) => {
        const dir = runFolderOf(project(), runId)
        if (!hasReview(dir)) await doJob('A review', reviewRequest(dir))
        return openReview(dir)
      }
    } satisfies Partial<Handlers>
  }
}
