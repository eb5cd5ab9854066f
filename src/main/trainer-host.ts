import type { FailureValue } from '../contract/errors'
import type { JobControl, JobEvent, JobRequest, TrainerMessage } from '../contract/job'

/** The part of Electron's UtilityProcess that is used here; a test brings its own. */
export interface TrainerProcess {
  postMessage(message: TrainerMessage): void
  onMessage(listener: (event: JobEvent) => void): void
  onExit(listener: (code: number) => void): void
  kill(): void
}

type Listener = (event: JobEvent) => void

/** Time for a finished process to leave by itself, in milliseconds. */
const GRACE = 5000

/**
 * Runs one job at a time, each in a process of its own: sessions leak a little, and a fresh process forgets it.
 * Every job ends with exactly one `done` or `failed`, whatever its process does.
 */
export class TrainerHost {
  private current: TrainerProcess | null = null

  constructor(
    private readonly fork: () => TrainerProcess,
    /** Told whenever a job has ended. */
    private readonly onIdle: () => void = () => undefined
  ) {}

  get busy(): boolean {
    return this.current !== null
  }

  start(request: JobRequest, listener: Listener): void {
    if (this.current) {
      listener(failed('trainer-busy', 'A run is already going: wait for it, or stop it.'))
      return
    }
    const process = this.fork()
    this.current = process
    const end = (event: JobEvent): void => {
      if (this.current !== process) return
      this.current = null
      listener(event)
      setTimeout(() => process.kill(), GRACE).unref()
      this.onIdle()
    }
    process.onMessage((event) => (event.kind === 'progress' ? listener(event) : end(event)))
    process.onExit((code) =>
      end(failed('trainer-died', `The trainer process ended unexpectedly (exit ${code}). Resume the run.`))
    )
    process.postMessage({ request })
  }

  control(control: JobControl): void {
    this.current?.postMessage({ control })
  }
}

function failed(code: FailureValue['code'], message: string): JobEvent {
  return { kind: 'failed', error: { code, message } }
}
