import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { sizes, type Case } from './case'

const checkout = resolve(import.meta.dirname, '../..')
const prototype = resolve(checkout, '../shared/prototypes/engine')

export interface Turn {
  readonly ms: number
  readonly loss: number
}

/** One implementation of the step in a process of its own, so that its peak memory is its own. */
export class Variant {
  /** Milliseconds. */
  readonly times: number[] = []
  readonly processorTimes: number[] = []
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

  /** One step. */
  async turn(): Promise<Turn> {
    this.child.stdin?.write('go\n')
    const turn = (await this.next()) as Turn
    this.loss = turn.loss
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

function start(name: string, command: string, args: readonly string[], cwd: string): Variant {
  return new Variant(name, spawn(command, args, { cwd, stdio: ['pipe', 'pipe', 'inherit'] }))
}

export function startOurs(name: string, shape: Case, threads: number, recomputed: number): Variant {
  const { size, batch, length } = shape
  // Loaded into the child rather than started by tsx's own program, whose process would stand in between.
  const loader = ['--import', 'tsx', join(import.meta.dirname, 'ours.ts')]
  const args = [...loader, `${size}:${batch}x${length}`, String(threads), String(recomputed)]
  return start(name, process.execPath, args, checkout)
}

/** The prototype, in a copy that finds our ONNX Runtime; null where it is not beside the checkout. */
export function copyPrototype(): { readonly dir: string; remove(): void } | null {
  if (!existsSync(join(prototype, 'worker-ort.mjs'))) return null
  const dir = mkdtempSync(join(tmpdir(), 'text2grad-prototype-'))
  cpSync(prototype, dir, { recursive: true })
  symlinkSync(join(checkout, 'node_modules'), join(dir, 'node_modules'))
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) }
}

export const startPrototype = (dir: string, { size, batch, length }: Case): Variant =>
  start(
    'prototype',
    process.execPath,
    ['worker-ort.mjs', size, sizes[size].kind, String(batch), String(length)],
    dir
  )

/** The Python that has PyTorch: `$PYTHON`, or python3; null where neither can import it. */
export function pythonWithTorch(): string | null {
  const python = process.env.PYTHON ?? 'python3'
  return spawnSync(python, ['-c', 'import torch'], { stdio: 'ignore' }).status === 0 ? python : null
}

export const startTorch = (python: string, { size, batch, length }: Case, threads: number): Variant =>
  start(
    'PyTorch',
    python,
    [
      join(import.meta.dirname, 'torch_step.py'),
      JSON.stringify(sizes[size]),
      String(batch),
      String(length),
      String(threads)
    ],
    checkout
  )
