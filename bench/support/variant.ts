import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'

export const checkout = resolve(import.meta.dirname, '../..')

interface Turn {
  readonly ms: number
  readonly loss?: number
}

/** One implementation in a process of its own, so that its peak memory is its own. */
export class Variant {
  /** Milliseconds. */
  readonly times: number[] = []
  readonly processorTimes: number[] = []
  /** Of the last turn, where there is one. */
  loss = NaN
  private readonly waiting: ((line: string | null) => void)[] = []
  private readonly lines: (string | null)[] = []

  constructor(
    readonly name: string,
    private readonly child: ChildProcess
  ) {
    if (!child.stdout) throw new Error('The child has no output.')
    const say = (line: string | null): void => {
      const next = this.waiting.shift()
      if (next) next(line)
      else this.lines.push(line)
    }
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('{')) say(line)
    })
    child.on('exit', () => say(null))
  }

  async ready(): Promise<this> {
    await this.next()
    return this
  }

  /** One step, or one rollout. */
  async turn(): Promise<Turn> {
    this.child.stdin?.write('go\n')
    const turn = (await this.next()) as Turn
    this.loss = turn.loss ?? NaN
    return turn
  }

  /** Largest resident size so far, in bytes; Linux only. */
  peak(): number {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8')
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024
  }

  /** Time that all threads have had on a core, in milliseconds; Linux only. */
  processor(): number {
    const stat = readFileSync(`/proc/${this.child.pid}/stat`, 'utf8')
    const [user, system] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13)
    return (Number(user) + Number(system)) * 10 // in hundredths of a second
  }

  stop(): void {
    this.child.kill('SIGKILL')
  }

  private async next(): Promise<unknown> {
    const line = this.lines.shift() ?? (await new Promise<string | null>((done) => this.waiting.push(done)))
    if (line === null) throw new Error(`${this.name} ended before it answered.`)
    return JSON.parse(line)
  }
}

interface Place {
  readonly cwd?: string
  readonly environment?: Readonly<Record<string, string>>
}

/** A variant that is a program which answers every line `go` with one of JSON. */
export function startProgram(
  name: string,
  command: string,
  args: readonly string[],
  { cwd = checkout, environment = {} }: Place = {}
): Variant {
  const env = { ...process.env, ...environment }
  return new Variant(name, spawn(command, args, { cwd, env, stdio: ['pipe', 'pipe', 'inherit'] }))
}

/** One of ours. tsx is loaded into the child, because its own program's process would stand in between. */
export const startScript = (name: string, script: string, args: readonly string[]): Variant =>
  startProgram(name, process.execPath, ['--import', 'tsx', script, ...args])
