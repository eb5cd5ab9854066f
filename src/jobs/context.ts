import type { JobControl, JobEvent } from '../contract/job'

/** What a host gives a job: a way to tell, and the last word it was told. */
export interface JobContext {
  emit(event: JobEvent): void
  /** Takes the word that the host received since the last call, if any. */
  takeControl(): JobControl | null
}

/** Lets messages that arrived while the engine was computing be received. */
export const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds))

/** Progress with a rate over the last steps, and from it the time that remains (seconds). */
export class ProgressMeter {
  private readonly times: number[] = []

  constructor(
    private readonly context: JobContext,
    private readonly total: number,
    private readonly unit: string
  ) {}

  tell(done: number, note?: string): void {
    this.times.push(Date.now() / 1000)
    if (this.times.length > 11) this.times.shift()
    const seconds = this.times[this.times.length - 1] - this.times[0]
    const rate = seconds > 0 ? (this.times.length - 1) / seconds : undefined
    const etaSeconds = rate === undefined ? undefined : (this.total - done) / rate
    this.context.emit({
      kind: 'progress',
      progress: { done, total: this.total, unit: this.unit, rate, etaSeconds, note }
    })
  }
}
