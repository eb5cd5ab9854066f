import type { JobControl, JobEvent } from '../contract/job'
import type { JobContext } from './context'

/** Told to stop: what was to begin has not begun. */
export class Stopped extends Error {}

/**
 * The host of a job while its model loads: between two tensors and before each session the job asks whether it was told
 * to stop. Reading and opening block the thread, so nothing is waited for; words other than stop are kept for later.
 */
export class Loading implements JobContext {
  private kept: JobControl | null = null
  private loading = true

  /** `elsewhere` is where words may also be left: a run's folder. */
  constructor(
    private readonly host: JobContext,
    private readonly stopped: () => Error,
    private readonly elsewhere: () => JobControl | null = () => null
  ) {}

  emit(event: JobEvent): void {
    this.host.emit(event)
  }

  takeControl(): JobControl | null {
    const word = this.host.takeControl() ?? this.kept
    this.kept = null
    return word
  }

  /** @throws what `stopped` makes, when told to stop before everything is loaded */
  readonly between = (): void => {
    if (!this.loading) return
    const word = this.host.takeControl() ?? this.elsewhere()
    if (word === 'stop') throw this.stopped()
    this.kept = word ?? this.kept
  }

  /** From now on the job asks by itself: what is opened later is opened in the midst of its work. */
  done(): void {
    this.loading = false
  }
}
