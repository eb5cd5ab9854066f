import type { ChildProcess } from 'node:child_process'
import type { CancelSignal } from '../../contract/critic'
import { Failure } from '../../pipeline/failure'
import { sandboxFiles, type SandboxFiles } from './files'
import { findIsolation, killTree, launch, type Isolation } from './launch'
import { defaultLimits, largestResident, startSeconds, type Limits } from './limits'
import { sandboxLine, type Outcome, type SandboxLine } from './outcome'
import { residentBytes } from './resident'
import { snapshotOf } from './snapshot'

/** A program with its tests, or a script of our own that leaves `result`. */
export type SandboxJob =
  | { readonly prompt: string; readonly response: string; readonly test: string; readonly entryPoint: string }
  | ({ readonly script: string } & Readonly<Record<string, unknown>>)

export interface SandboxOptions {
  readonly limits?: Partial<Limits>
  /** `process` does without bubblewrap although it is there. */
  readonly isolation?: Isolation['kind']
}

/** Bytes of answers that a process may write: a hostile one cannot fill our memory. */
const largestAnswer = 8 * 2 ** 20

/**
 * Runs Python programs, each in a process of its own that starts from one snapshot of the interpreter: nothing of a
 * program is left for the next one to meet.
 */
export class PythonSandbox {
  readonly isolation: Isolation
  readonly limits: Limits
  readonly files: SandboxFiles

  /** @throws Failure not-found if parts of the installation are missing */
  constructor({ limits, isolation }: SandboxOptions = {}) {
    this.files = sandboxFiles()
    this.limits = { ...defaultLimits, ...limits }
    this.isolation =
      isolation === 'process' ? { kind: 'process', reason: 'it was asked for' } : findIsolation(this.files)
  }

  /** Runs one program. Whatever it does becomes a verdict; `error` means that the sandbox itself failed. */
  async run(job: SandboxJob, signal: CancelSignal = { aborted: false }): Promise<Outcome> {
    try {
      return await this.runFrom(await snapshotOf(this.files, this.isolation), job, signal)
    } catch (error) {
      if (error instanceof Failure && error.code !== 'cancelled')
        return { verdict: 'error', reason: error.message }
      throw error
    }
  }

  private runFrom(snapshot: number, job: SandboxJob, signal: CancelSignal): Promise<Outcome> {
    const child = launch('run', this.files, this.limits, this.isolation, ['pipe', 'pipe', 'pipe', snapshot])
    const conversation = new Conversation(child, JSON.stringify(job), this.limits)
    return new Promise((resolve, reject) => {
      const kill = (): void => killTree(child)
      process.once('exit', kill)
      let cancelled = false
      const watch = setInterval(() => {
        cancelled ||= signal.aborted
        if (cancelled || conversation.late() || conversation.tooLarge()) kill()
      }, 50)
      let failed: Error | null = null
      child.on('error', (error) => (failed = error))
      child.on('close', (code, killedBy) => {
        clearInterval(watch)
        process.off('exit', kill)
        if (cancelled) reject(new Failure('cancelled', 'The critic was cancelled.'))
        else resolve(failed ? { verdict: 'error', reason: failed.message } : conversation.end(code, killedBy))
      })
    })
  }
}

/** What one process says, and what that comes to. */
class Conversation {
  private rest = ''
  private received = 0
  private complaint = ''
  private outOfTime = false
  private outOfMemory = false
  private deadline = performance.now() + startSeconds * 1000
  private readonly lines: SandboxLine[] = []

  constructor(
    private readonly child: ChildProcess,
    private readonly job: string,
    private readonly limits: Limits
  ) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => this.hear(text))
    child.stderr
      ?.setEncoding('utf8')
      .on('data', (text: string) => (this.complaint = (this.complaint + text).slice(-2000)))
    // A process that ended early does not read its job.
    child.stdin?.on('error', () => undefined)
  }

  late(): boolean {
    this.outOfTime ||= performance.now() > this.deadline
    return this.outOfTime
  }

  tooLarge(): boolean {
    const { pid, exitCode, signalCode } = this.child
    // A number whose process has ended may be another one's by now.
    const running = pid !== undefined && exitCode === null && signalCode === null
    this.outOfMemory ||= running && residentBytes(pid) > largestResident(this.limits)
    return this.outOfMemory
  }

  private hear(text: string): void {
    this.received += text.length
    if (this.received > largestAnswer) return killTree(this.child)
    const lines = (this.rest + text).split('\n')
    this.rest = lines.pop() ?? ''
    for (const line of lines) {
      const said = lineOf(line)
      if (said === null) return killTree(this.child)
      this.lines.push(said)
      if ('ready' in said) {
        this.deadline = performance.now() + this.limits.wallSeconds * 1000
        this.child.stdin?.end(this.job)
      }
    }
  }

  end(code: number | null, signal: string | null): Outcome {
    const verdict = this.lines.find((line) => 'verdict' in line)
    const killed = this.lines.find((line) => 'killed' in line)
    const explained = this.lines.find((line) => 'explained' in line)
    if (verdict) {
      const { ended, ...rest } = verdict
      return { ...rest, reason: ended, explanation: explained?.explained }
    }
    const ready = this.lines.some((line) => 'ready' in line)
    if (ready && this.outOfMemory)
      return {
        verdict: 'killed',
        reason: `It took more than ${mebibytes(largestResident(this.limits))} of memory.`
      }
    if (killed) return { verdict: 'killed', reason: killed.killed }
    const bySignal = signal !== null || (code !== null && code > 128)
    const how = signal ?? (bySignal ? `signal ${(code ?? 0) - 128}` : `exit ${code}`)
    if (!ready) return this.broken('did not start', how)
    if (this.outOfTime || signal === 'SIGXCPU' || code === outOfProcessorTime) return { verdict: 'timeout' }
    // No program can make the process end by itself: that is a fault of ours.
    if (!bySignal) return this.broken('failed', how)
    return { verdict: 'killed', reason: `Its process was ended (${how}).` }
  }

  private broken(what: string, how: string): Outcome {
    const said = /^\S*Error.*$/m.exec(this.complaint)?.[0] ?? how
    return { verdict: 'error', reason: `Python ${what} in its sandbox (${said}).` }
  }
}

const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`

/** As bubblewrap passes on SIGXCPU. */
const outOfProcessorTime = 128 + 24

function lineOf(text: string): SandboxLine | null {
  try {
    return sandboxLine.parse(JSON.parse(text))
  } catch {
    return null
  }
}
