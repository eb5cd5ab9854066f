import type { AppEvent } from '../contract/ipc'
import type { Progress } from '../contract/job'

export interface WorkTools {
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
}

/** Milliseconds between two reports of progress. */
const reportEvery = 100

/** Work that takes a while: the window is told how far it is, and may cancel it. */
export class LongWork {
  private readonly running = new Map<string, AbortController>()
  private last = 0

  constructor(private readonly emit: (event: AppEvent) => void) {}

  async run<T>(title: string, work: (tools: WorkTools) => Promise<T>): Promise<T> {
    const workId = `work-${++this.last}`
    const controller = new AbortController()
    this.running.set(workId, controller)
    let reported = 0
    let note: string | undefined
    const onProgress = (progress: Progress): void => {
      const now = Date.now()
      // Another kind of work is told at once: it may be long before it tells again.
      if (now - reported < reportEvery && progress.note === note) return
      ;[reported, note] = [now, progress.note]
      this.emit({ kind: 'work', workId, title, progress })
    }
    try {
      return await work({ signal: controller.signal, onProgress })
    } finally {
      this.running.delete(workId)
      this.emit({ kind: 'work-ended', workId })
    }
  }

  cancel(workId: string): void {
    this.running.get(workId)?.abort()
  }

  cancelAll(): void {
    for (const controller of this.running.values()) controller.abort()
  }
}
