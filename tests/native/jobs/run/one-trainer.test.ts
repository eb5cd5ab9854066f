import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { resumableRun } from '../../../../src/app/runs/runs'
import { hostJob } from '../../../../src/cli/job-host'
import type { JobRequest } from '../../../../src/contract/job'
import { runFiles } from '../../../../src/contract/run-record'
import type { JobContext } from '../../../../src/jobs/context'
import { trainCritic } from '../../../../src/jobs/critic/train'
import { train } from '../../../../src/jobs/run/train'
import { scratchFolder } from '../../../pure/engine/checkpoint/scratch'
import { criticFolder } from '../critic/training'
import { adapterBytes, quietHost, timelessMetrics, tinyRun } from './tiny-run'

const scratch = scratchFolder()
const isBusy = (dir: string): unknown =>
  expect.objectContaining({
    code: 'trainer-busy',
    message: expect.stringMatching(
      new RegExp(`^The folder ${dir} is taken: process \\d+ of this machine .*wait for it, or stop it`)
    ) as string
  })

/** SHA-256 and time of every file of a folder: whoever writes one, even the same, is found out. */
function stateOf(dir: string): Record<string, string> {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort()
  return Object.fromEntries(
    paths.map((path) => [path, createHash('sha256').update(readFileSync(path)).digest('hex')])
  )
}

const newRun = (name: string, steps = 6): string =>
  tinyRun(join(scratch, name), 'run', { steps, checkpointEvery: 2 })
const newCritic = (name: string): string => criticFolder(join(scratch, name), { kind: 'span-head', steps: 4 })

describe.each([
  { what: 'run', make: newRun, work: (dir: string, host: JobContext) => train(dir, host) },
  { what: 'critic', make: newCritic, work: (dir: string, host: JobContext) => trainCritic(dir, host) }
])('a $what that is being trained', ({ what, make, work }) => {
  test('is refused to a second trainer, which leaves every file as it is', async () => {
    const dir = make(`${what}-second`)
    // As a process leaves it that is killed while it writes; 2^22 is the largest number that Linux gives.
    writeFileSync(join(dir, `.state.json.new-${2 ** 22 + 1}`), '{"state":"runn')
    let refused: unknown
    let [before, after]: Record<string, string>[] = []
    const host: JobContext = {
      emit: () => undefined,
      takeControl: () => {
        if (before) return null
        before = stateOf(dir)
        refused = work(dir, quietHost()).catch((thrown: unknown) => thrown)
        after = stateOf(dir)
        return null
      }
    }
    expect(await work(dir, host)).toMatchObject({ state: 'finished' })
    expect(await refused).toEqual(isBusy(dir))
    expect(Object.keys(before)).toContain(join(dir, runFiles.lock))
    expect(after).toEqual(before)
    expect(readdirSync(dir).filter((name) => name === runFiles.lock || name.startsWith('.'))).toEqual([])
  })

  test('ends in one that finds that another has it, and writes nothing more', async () => {
    const dir = make(`${what}-lost`)
    const stranger = { at: new Date().toISOString(), host: 'elsewhere', pid: 1, token: crypto.randomUUID() }
    let before: Record<string, string> | undefined
    const host = quietHost((event) => {
      if (event.kind !== 'progress' || event.progress.done < 2 || before) return
      writeFileSync(join(dir, runFiles.lock), JSON.stringify(stranger))
      before = stateOf(dir)
    })
    await expect(work(dir, host)).rejects.toMatchObject({ code: 'trainer-busy' })
    expect(stateOf(dir)).toEqual(before)
  })
})

describe('two processes on one folder', () => {
  /**
   * Starts both at once. The one that wins is told to pause until the other has been refused, however slowly it starts.
   * @returns what the winner said
   */
  async function both(request: JobRequest, dir: string): Promise<unknown> {
    const control = join(dir, runFiles.control)
    writeFileSync(control, 'pause')
    const refused: unknown[] = []
    const done = await Promise.all(
      [hostJob(request), hostJob(request)].map((job) =>
        job.catch((thrown: unknown) => {
          refused.push(thrown)
          writeFileSync(control, 'continue')
        })
      )
    )
    expect(refused).toEqual([isBusy(dir)])
    return done.find((result) => result !== undefined)
  }

  test('of a run: one trains it, also after a kill, to the end that one alone comes to', async () => {
    const alone = newRun('alone', 20)
    await train(alone, quietHost())
    const dir = newRun('both', 20)
    const request = { kind: 'train', runDir: dir } as const
    const killed = hostJob(request, {
      onStart: (child) => {
        const timer = setInterval(() => {
          if (readdirSync(dir).includes(runFiles.metrics)) child.kill('SIGKILL')
        }, 1)
        child.on('exit', () => clearInterval(timer))
      }
    })
    await expect(killed).rejects.toMatchObject({ code: 'trainer-died' })
    expect(readdirSync(dir)).toContain(runFiles.lock)
    expect(resumableRun(dir).state).toBe('interrupted')
    expect(await both(request, dir)).toMatchObject({ state: 'finished', step: 20 })
    expect(timelessMetrics(dir)).toEqual(timelessMetrics(alone))
    expect(adapterBytes(dir).equals(adapterBytes(alone))).toBe(true)
  })

  test('of a critic: one trains it', async () => {
    const dir = newCritic('critic-both')
    expect(await both({ kind: 'train-critic', criticDir: dir }, dir)).toMatchObject({ state: 'finished' })
  })

  test('a run that is going on is not taken up again', async () => {
    const dir = newRun('going')
    let thrown: unknown
    await train(
      dir,
      quietHost(() => {
        try {
          resumableRun(dir)
        } catch (error) {
          thrown ??= error
        }
      })
    )
    expect(thrown).toEqual(isBusy(dir))
  })
})
