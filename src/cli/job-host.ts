import { fork, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ErrorCode } from '../contract/errors'
import { trainerEnvironment } from '../contract/trainer-environment'
import type { JobEvent, JobRequest, Progress, TrainerMessage } from '../contract/job'

export interface JobHostOptions {
  onProgress?: (progress: Progress) => void
  /** Aborted by the first Ctrl-C: the job stops after its step, with a checkpoint. */
  signal?: AbortSignal
  /** Told the child as soon as it runs. */
  onStart?: (child: ChildProcess) => void
}

/** A job that failed, with its code. */
class JobFailure extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string
  ) {
    super(message)
    this.name = 'JobFailure'
  }
}

/** The trainer beside the built command line, or its source in a checkout that runs through a loader. */
function trainerEntry(): { file: string; execArgv: string[] } {
  const built = join(__dirname, 'trainer.js')
  if (existsSync(built)) return { file: built, execArgv: [] }
  return { file: join(__dirname, '../trainer/index.ts'), execArgv: ['--import', 'tsx'] }
}

/**
 * Runs a job in a child process, so that Ctrl-C is answered while the engine computes.
 * @returns the job's result. @throws an error with the job's code, or trainer-died
 */
export async function hostJob(request: JobRequest, options: JobHostOptions = {}): Promise<unknown> {
  const { file, execArgv } = trainerEntry()
  // Standard output belongs to the command's answer: whatever the child prints goes to standard error.
  const env = { ...process.env, ...trainerEnvironment }
  const child = fork(file, [], { execArgv, env, serialization: 'advanced', stdio: ['ignore', 2, 2, 'ipc'] })
  options.onStart?.(child)
  const send = (message: TrainerMessage): void => void (child.connected && child.send(message))
  const stop = (): void => send({ control: 'stop' })
  // The second Ctrl-C ends this process, and the child with it.
  const kill = (): void => void child.kill('SIGKILL')
  options.signal?.addEventListener('abort', stop)
  process.on('exit', kill)
  try {
    return await new Promise<unknown>((resolve, reject) => {
      const died = (how: string): void =>
        reject(new JobFailure('trainer-died', `The trainer process ended unexpectedly (${how}).`))
      child.on('message', (event: JobEvent) => {
        if (event.kind === 'progress') options.onProgress?.(event.progress)
        else if (event.kind === 'done') resolve(event.result)
        else reject(new JobFailure(event.error.code, event.error.message))
      })
      child.on('error', (error) => died(error.message))
      child.on('exit', (code, signal) => died(signal ?? `exit ${code}`))
      send({ request })
    })
  } finally {
    options.signal?.removeEventListener('abort', stop)
    process.off('exit', kill)
  }
}
