import { toFailure, type Outcome } from '../contract/errors'
import type { AppEvent, ProjectInfo } from '../contract/ipc'
import type { JobControl, JobEvent, JobRequest } from '../contract/job'
import type {
  MainToStore,
  StoreInput,
  StoreOutput,
  StoreRouteName,
  StoreToMain
} from '../contract/store-wire'

/** The part of a worker thread that is used here; a test brings its own. */
export interface StoreWorker {
  postMessage(message: MainToStore): void
  onMessage(listener: (message: StoreToMain) => void): void
  onExit(listener: () => void): void
}

export interface StoreClientOptions {
  readonly startWorker: () => StoreWorker
  readonly onEvent: (event: AppEvent) => void
  readonly host: (request: JobRequest, listener: (event: JobEvent) => void) => void
  readonly control: (control: JobControl) => void
  readonly onCrash: () => void
}

type Pending = (outcome: Outcome<unknown>) => void

/**
 * Main's side of the store worker. If the worker dies, whatever was asked of it fails with one sentence, a new
 * worker is started and the project is opened again; what had been saved is on the disk.
 */
export class StoreClient {
  private worker: StoreWorker
  private readonly pending = new Map<number, Pending>()
  private lastId = 0
  private closing: (() => void) | null = null
  /** Path of the project that is open. */
  private project: string | null = null

  constructor(private readonly options: StoreClientOptions) {
    this.worker = this.startWorker()
  }

  async call<R extends StoreRouteName>(route: R, input: StoreInput<R>): Promise<Outcome<StoreOutput<R>>> {
    const id = ++this.lastId
    const outcome = await new Promise<Outcome<unknown>>((resolve) => {
      this.pending.set(id, resolve)
      try {
        this.worker.postMessage({ kind: 'call', id, route, input })
      } catch (thrown) {
        this.settle(id, { ok: false, error: toFailure(thrown) })
      }
    })
    if (outcome.ok && (route === 'project.open' || route === 'project.create'))
      this.project = (outcome.value as ProjectInfo).path
    return outcome as Outcome<StoreOutput<R>>
  }

  /** Resolves when the worker has closed the project and is gone. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.closing = resolve
      this.worker.postMessage({ kind: 'close' })
    })
  }

  private startWorker(): StoreWorker {
    const worker = this.options.startWorker()
    worker.onMessage((message) => this.receive(worker, message))
    worker.onExit(() => this.exited(worker))
    return worker
  }

  private receive(from: StoreWorker, message: StoreToMain): void {
    switch (message.kind) {
      case 'answer':
        return this.settle(message.id, message.outcome)
      case 'event':
        return this.options.onEvent(message.event)
      case 'host': {
        const { job, request } = message
        return this.options.host(request, (event) => from.postMessage({ kind: 'job', job, event }))
      }
      case 'control':
        return this.options.control(message.control)
    }
  }

  private settle(id: number, outcome: Outcome<unknown>): void {
    const resolve = this.pending.get(id)
    this.pending.delete(id)
    resolve?.(outcome)
  }

  private exited(worker: StoreWorker): void {
    if (worker !== this.worker) return
    const message =
      'The part of the program that keeps the project stopped and was started again: what was saved is kept; do the last thing once more.'
    for (const id of [...this.pending.keys()])
      this.settle(id, { ok: false, error: { code: 'internal', message } })
    if (this.closing) return this.closing()
    this.options.onCrash()
    this.worker = this.startWorker()
    if (this.project)
      void this.call('project.open', this.project).then(() =>
        this.options.onEvent({ kind: 'project-changed' })
      )
  }
}
