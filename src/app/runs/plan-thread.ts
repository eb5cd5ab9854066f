import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Outcome } from '../../contract/errors'
import type { RunPlan } from '../../contract/ipc'
import type { RunConfig } from '../../contract/run-config'
import { Failure } from '../../pipeline/failure'

export interface PlanQuestion {
  readonly id: number
  /** The project's. */
  readonly file: string
  readonly config: RunConfig
}

export interface PlanAnswer {
  readonly id: number
  readonly outcome: Outcome<RunPlan>
}

/** Milliseconds without a question after which the thread ends. */
const IDLE = 30_000

/**
 * Plans runs in a thread of its own. A plan takes seconds (tokens of every answer, graphs of every policy of memory)
 * in which the thread that asks, the store's, has marks and words to save.
 */
export class PlanThread {
  private worker: Worker | null = null
  private readonly waiting = new Map<number, (outcome: Outcome<RunPlan>) => void>()
  private lastId = 0
  private idle: ReturnType<typeof setTimeout> | undefined

  /** @throws Failure as `planRunOf`; internal when the thread dies */
  async plan(file: string, config: RunConfig): Promise<RunPlan> {
    clearTimeout(this.idle)
    const worker = (this.worker ??= this.start())
    worker.ref()
    const outcome = await new Promise<Outcome<RunPlan>>((resolve) => {
      const question: PlanQuestion = { id: ++this.lastId, file, config }
      this.waiting.set(question.id, resolve)
      worker.postMessage(question)
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
    worker.on('message', ({ id, outcome }: PlanAnswer) => {
      this.waiting.get(id)?.(outcome)
      this.waiting.delete(id)
    })
    worker.on('error', ({ message }) => (why = message))
    worker.on('exit', () => {
      if (this.worker === worker) this.worker = null
      const message = `The thread that plans runs stopped (${why}); ask again.`
      for (const answer of this.waiting.values()) answer({ ok: false, error: { code: 'internal', message } })
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
