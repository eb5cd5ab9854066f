import { resolve } from 'node:path'
import { exportTitle, type AppEvent, type ProjectInfo, type Settings } from '../contract/ipc'
import type { ExportResult, JobControl, JobEvent, JobRequest } from '../contract/job'
import type { StoreHandlers } from '../contract/store-wire'
import { Failure } from '../pipeline/failure'
import { openProject, type Project } from '../store/project'
import { getResponse } from '../store/responses'
import { TokenCache } from './align/token-cache'
import { Annotator } from './annotate/annotator'
import { checkProject } from './check'
import { criticHandlers } from './critics/handlers'
import { doctor } from './doctor'
import { exportFile } from './export-file'
import { importBeside } from './import-file'
import { indexSearch } from './index-search'
import { LongWork } from './long-work'
import { addModel, listModels } from './models'
import { projectInfo } from './project-info'
import { ReadingThread } from './reading/reading-thread'
import { writeReport } from './review/report'
import { exportable, exportRequest } from './runs/export-model'
import { runHandlers } from './runs/handlers'
import { rebuildRunIndex, runFolderOf } from './runs/runs'
import { SampleWork } from './sample'
import { SettingsFile } from './settings'

export interface AppHost {
  readonly userData: string
  readonly resources: string
  /** Does a job elsewhere; `done` or `failed` comes last, once. */
  readonly host: (request: JobRequest, listener: (event: JobEvent) => void) => void
  /** Tells the job that is going on; without it, jobs cannot be cancelled. */
  readonly control?: (control: JobControl) => void
  readonly emit: (event: AppEvent) => void
}

const sampling = { template: 'tokenizer', maxNewTokens: 96, temperature: 1, threads: 2 } as const

/** What this seat has goes with every job that it is for: the GPU pack, and hosts that a critic may send texts to. */
function withSeat(request: JobRequest, { gpuPack, allowedHosts }: Settings): JobRequest {
  if (request.kind === 'export') return request
  const packed = gpuPack === null ? request : { ...request, gpuPack }
  switch (packed.kind) {
    case 'train':
    case 'review':
    case 'evaluate-critic':
    case 'score-critic':
      return { ...packed, allowedHosts: [...allowedHosts] }
    default:
      return packed
  }
}

/** The program behind the window: one open project, and a handler for every route that is not a dialog. */
export class App {
  private open: { readonly project: Project; annotator: Annotator } | null = null
  private readonly settings: SettingsFile
  private readonly tokens = new TokenCache()
  private readonly work: LongWork
  private readonly reading = new ReadingThread()

  constructor(private readonly host: AppHost) {
    this.settings = new SettingsFile(host.userData)
    this.work = new LongWork(host.emit)
  }

  /** Stops what is going on and closes the project, so that it is one file again. */
  close(): void {
    this.work.cancelAll()
    this.reading.close()
    this.open?.project.close()
    this.open = null
  }

  handlers(): StoreHandlers {
    const { host, settings, work } = this
    const project = (): Project => this.current().project
    const annotator = (): Annotator => this.current().annotator
    const control = (word: JobControl): void => host.control?.(word)
    const toHost: AppHost['host'] = (request, listener) =>
      host.host(withSeat(request, settings.view()), listener)
    const person = (): string => settings.annotator()
    const allowedHosts = (): readonly string[] => settings.view().allowedHosts
    const runs = runHandlers({
      project,
      host: toHost,
      control,
      emit: host.emit,
      person,
      work,
      reading: this.reading,
      allowedHosts
    })
    return {
      ...runs.handlers,
      ...criticHandlers({
        project,
        doJob: runs.doJob,
        person,
        reading: this.reading,
        allowedHosts,
        changed: () => host.emit({ kind: 'project-changed' })
      }),
      'app.doctor': () => doctor(),
      'app.devices': () => runs.tryDevices(),
      'settings.get': () => settings.view(),
      'settings.set': (change) => {
        settings.set(change)
        if (change.personName && this.open) this.open.annotator = this.annotatorOf(this.open.project)
        return settings.view()
      },
      'project.create': (path) => this.openProject(/\.t2g$/i.test(path) ? path : `${path}.t2g`, true),
      'project.open': (path) => this.openProject(path, false),
      'project.info': () => (this.open ? projectInfo(this.open.project) : null),
      'project.import': async ({ file }) => {
        const into = project()
        const summary = await work.run('Import', (tools) => importBeside(into, file, tools))
        host.emit({ kind: 'project-changed' })
        this.indexLater(into)
        return summary
      },
      'project.export': ({ file }) => work.run('Export', (tools) => exportFile(project().file, file, tools)),
      'project.check': () => checkProject(project()),
      'work.cancel': (workId) => {
        work.cancel(workId)
        return null
      },
      'annotate.queue': (filter) => annotator().queue(filter),
      'annotate.open': ({ responseId }) => annotator().open(responseId),
      'annotate.apply': ({ responseId, change }) => annotator().apply(responseId, change),
      'annotate.undo': () => annotator().undo(),
      'annotate.redo': () => annotator().redo(),
      'annotate.sample': async ({ modelDir, count, seed }) => {
        const into = project()
        const sample = new SampleWork(into, { ...sampling, model: modelDir, adapter: null, count, seed })
        try {
          await runs.doJob('Sampling', sample.request)
          return sample.take(into)
        } finally {
          sample.discard()
          host.emit({ kind: 'project-changed' })
        }
      },
      'align.tokens': ({ responseId, modelDir }) => {
        const response = project().read((db) => getResponse(db, responseId))
        if (!response) throw new Failure('not-found', `The project has no answer ${responseId}.`)
        return this.tokens.tokens(modelDir, { text: response.text, sampled: response.sampling })
      },
      'align.tray': (asked) => this.reading.ask('tray', { file: project().file, ...asked }),
      'models.list': () => listModels(host.resources, settings),
      'models.exportable': () => exportable(this.open?.project ?? null, listModels(host.resources, settings)),
      'models.export': async ({ of, form, out }) =>
        (await runs.doJob(exportTitle, exportRequest(project, of, form, out))) as ExportResult,
      'models.add': ({ dir }) => addModel(dir, settings),
      'review.report': ({ runId, file }) => ({ path: writeReport(runFolderOf(project(), runId), file) })
    }
  }

  private current(): { readonly project: Project; readonly annotator: Annotator } {
    if (this.open) return this.open
    throw new Failure('not-found', 'No project is open; open or create one first.')
  }

  /** A project that cannot be opened leaves the one that is open as it is. */
  private openProject(path: string, create: boolean): ProjectInfo {
    if (this.open?.project.file === resolve(path)) return projectInfo(this.open.project)
    const project = openProject(path, { create })
    this.close()
    this.open = { project, annotator: this.annotatorOf(project) }
    rebuildRunIndex(project)
    this.indexLater(project)
    this.host.emit({ kind: 'project-changed' })
    return projectInfo(project)
  }

  /** A full disk is no reason to refuse anything: search looks through what is not indexed. */
  private indexLater(project: Project): void {
    void indexSearch(project, () => this.open?.project === project).catch(() => undefined)
  }

  private annotatorOf(project: Project): Annotator {
    return new Annotator(project, this.settings.annotator())
  }
}
