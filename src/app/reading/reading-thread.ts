import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Outcome } from '../../contract/errors'
import type { Progress } from '../../contract/job'
import { Failure } from '../../pipeline/failure'
import type { WorkTools } from '../long-work'
import type { Readings } from './readings'

type Name = keyof Readings
type Input<What extends Name> = Parameters<Readings[What]>[0]
type Answer<What extends Name> = Awaited<ReturnType<Readings[What]>>

export interface ReadingQuestion {
  readonly id: number
  readonly what: Name
  readonly input: Input<Name>
  /** Shared: not 0 once it is cancelled. A thread that reads never lets go, and hears no message. */
  readonly cancelled: Int32Array
}
/** How far a reading is, or how it ended. */
export type ReadingMessage = { readonly id: number } & (
  { readonly progress: Progress } | { readonly outcome: Outcome<unknown> }
)

interface Waiting {
  readonly resolve: (outcome: Outcome<unknown>) => void
  readonly onProgress?: (progress: Progress) => void
}

/** Milliseconds without a question after which the thread ends. */
const IDLE = 30_000

/**
 * Reads projects in a thread of its own, `readings`. All of them take seconds where a project is large, in which the
 * thread that asks, the store's, has marks and words to save.
 */
export class ReadingThread {
  private worker: Worker | null = null
  private readonly waiting = new Map<number, Waiting>()
  private lastId = 0
  private idle: ReturnType<typeof setTimeout> | undefined

  /** @throws Failure what the reading throws; internal when the thread dies */
  async ask<What extends Name>(what: What, input: Input<What>, tools?: WorkTools): Promise<Answer<What>> {
    const cancelled = new Int32Array(new SharedArrayBuffer(4))
    const cancel = (): void => void Atomics.store(cancelled, 0, 1)
    tools?.signal.addEventListener('abort', cancel)
    if (tools?.signal.aborted) cancel()
    clearTimeout(this.idle)
    const worker = (this.worker ??= this.start())
    worker.ref()
    const outcome = await new Promise<Outcome<unknown>>((resolve) => {
      const question: ReadingQuestion = { id: ++this.lastId, what, input, cancelled }
      this.waiting.set(question.id, { resolve, onProgress: tools?.onProgress })
      worker.postMessage(question)
    })
    if (this.waiting.size === 0) {
      this.worker?.unref()
      this.idle = setTimeout(() => this.close(), IDLE).unref()
    }
    if (outcome.ok) return outcome.value as Answer<What>
    throw new Failure(outcome.error.code, outcome.error.message)
  }

  close(): void {
    clearTimeout(this.idle)
    void this.worker?.terminate()
  }

  private start(): Worker {
    const worker = startWorker()
    let why = 'it was ended'
    worker.on('message', (message: ReadingMessage) => {
      const waiting = this.waiting.get(message.id)
      if ('progress' in message) return waiting?.onProgress?.(message.progress)
      this.waiting.delete(message.id)
      waiting?.resolve(message.outcome)
    })
    worker.on('error', ({ message }) => (why = message))
    worker.on('exit', () => {
      if (this.worker === worker) this.worker = null
      const message = `The thread that reads the project stopped (${why}); ask again.`
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
  const built = [__dirname, join(__dirname, '..')]
    .map((dir) => join(dir, 'reading-worker.js'))
    .find(existsSync)
  if (built) return new Worker(built)
  const source = JSON.stringify(join(__dirname, 'reading-worker.ts'))
  return new Worker(`require('tsx/cjs'); require(${source})`, { eval: true })
}
