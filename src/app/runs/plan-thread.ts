import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Outcome } from '../../contract/errors'
import type { CriticPreview } from '../../contract/critic-preview'
import type { RunPlan } from '../../contract/ipc'
import type { Progress } from '../../contract/job'
import type { RunConfig } from '../../contract/run-config'
import { Failure } from '../../pipeline/failure'
import type { PreviewQuestion } from '../critics/preview'
import type { WorkTools } from '../long-work'
import { discardDraft } from '../new-folder'
import type { RunToWrite } from './project'
import type { WrittenRun } from './runs'

/** What the thread is asked about a project, given by its path. */
export type PlanQuestion = { readonly file: string } & (
  | { readonly what: 'plan'; readonly config: RunConfig }
  | { readonly what: 'preview-run'; readonly config: RunConfig; readonly allowedHosts: readonly string[] }
  | {
      readonly what: 'preview-work'
      readonly work: PreviewQuestion
      readonly allowedHosts: readonly string[]
    }
  | {
      readonly what: 'write'
      readonly run: RunToWrite
      /** Shared: not 0 once it is cancelled. The thread that writes never lets go, and reads no message. */
      readonly cancelled: Int32Array
    }
)
export interface NumberedQuestion {
  readonly id: number
  readonly question: PlanQuestion
}
type Answered = RunPlan | CriticPreview | WrittenRun | null
export interface PlanAnswer {
  readonly id: number
  readonly outcome: Outcome<Answered>
}
export interface PlanProgress {
  readonly id: number
  readonly progress: Progress
}

interface Waiting {
  readonly resolve: (outcome: PlanAnswer['outcome']) => void
  readonly onProgress?: (progress: Progress) => void
}

/** Milliseconds without a question after which the thread ends. */
const IDLE = 30_000

/**
 * Plans runs, writes the folders that they start from, and works out what a critic would send, in a thread of its own.
 * All of it takes seconds (tokens of every answer, graphs of every policy of memory) in which the thread that asks, the
 * store's, has marks and words to save.
 */
export class PlanThread {
  private worker: Worker | null = null
  private readonly waiting = new Map<number, Waiting>()
  private lastId = 0
  private idle: ReturnType<typeof setTimeout> | undefined

  /** @throws Failure as `planRunOf`; internal when the thread dies */
  plan(file: string, config: RunConfig): Promise<RunPlan> {
    return this.ask({ what: 'plan', file, config }) as Promise<RunPlan>
  }

  /** What the run's critic would send. @throws Failure as `previewRunOf` */
  previewRun(
    file: string,
    config: RunConfig,
    allowedHosts: readonly string[]
  ): Promise<CriticPreview | null> {
    return this.ask({ what: 'preview-run', file, config, allowedHosts }) as Promise<CriticPreview | null>
  }

  /** What an evaluation or a prediction would send. @throws Failure as `previewWork` */
  previewWork(
    file: string,
    work: PreviewQuestion,
    allowedHosts: readonly string[]
  ): Promise<CriticPreview | null> {
    return this.ask({ what: 'preview-work', file, work, allowedHosts }) as Promise<CriticPreview | null>
  }

  /** Writes the folder of a run. @throws Failure as `writeRunOf`; internal when the thread dies, and nothing is left */
  async write(file: string, run: RunToWrite, { signal, onProgress }: WorkTools): Promise<WrittenRun> {
    const cancelled = new Int32Array(new SharedArrayBuffer(4))
    const cancel = (): void => void Atomics.store(cancelled, 0, 1)
    signal.addEventListener('abort', cancel)
    if (signal.aborted) cancel()
    try {
      return (await this.ask({ what: 'write', file, run, cancelled }, onProgress)) as WrittenRun
    } catch (thrown) {
      discardDraft(run.dir)
      throw thrown
    }
  }

  private async ask(question: PlanQuestion, onProgress?: (progress: Progress) => void): Promise<Answered> {
    clearTimeout(this.idle)
    const worker = (this.worker ??= this.start())
    worker.ref()
    const outcome = await new Promise<PlanAnswer['outcome']>((resolve) => {
      const numbered: NumberedQuestion = { id: ++this.lastId, question }
      this.waiting.set(numbered.id, { resolve, onProgress })
      worker.postMessage(numbered)
    })
    if (this.waiting.size === 0) {
      this.worker?.unref()
      this.idle = setTimeout(() => this.close(), IDLE).unref()
    }
    if (outcome.ok) return outcome.value
    throw new Failure(outcome.error.code, outcome.error.message)
  }

  close(): void {
    clearTimeout(this.idle)
    void this.worker?.terminate()
  }

  private start(): Worker {
    const worker = startWorker()
    let why = 'it was ended'
    worker.on('message', (message: PlanAnswer | PlanProgress) => {
      const waiting = this.waiting.get(message.id)
      if ('progress' in message) return waiting?.onProgress?.(message.progress)
      this.waiting.delete(message.id)
      waiting?.resolve(message.outcome)
    })
    worker.on('error', ({ message }) => (why = message))
    worker.on('exit', () => {
      if (this.worker === worker) this.worker = null
      const message = `The thread that plans runs stopped (${why}); ask again.`
      for (const { resolve } of this.waiting.values())
        resolve({ ok: false, error: { code: 'internal', message } })
      this.waiting.clear()
    })
    return worker
  }
}

/** The built worker, or its source in a checkout that runs through a loader (which workers do not inherit). */
function startWorker(): Worker {
  // What several entries share is bundled into a folder below theirs.
  const built = [__dirname, join(__dirname, '..')].map((dir) => join(dir, 'plan-worker.js')).find(existsSync)
  if (built) return new Worker(built)
  const source = JSON.stringify(join(__dirname, 'plan-worker.ts'))
  return new Worker(`require('tsx/cjs'); require(${source})`, { eval: true })
}
