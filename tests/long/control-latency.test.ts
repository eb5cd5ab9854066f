import type { ChildProcess } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readRunView, tellRun } from '../../src/app/runs/folder'
import { hostJob } from '../../src/cli/job-host'
import type { JobControl, RunState } from '../../src/contract/job'
import { heartbeat, runFiles } from '../../src/contract/run-record'
import { tinyRun } from '../native/jobs/run/tiny-run'
import { scratchFolder } from '../pure/engine/checkpoint/scratch'

const scratch = scratchFolder()
let child: ChildProcess | undefined
afterAll(() => void child?.kill('SIGKILL'))

const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds))

/** Milliseconds until `holds`, seen every 5 ms. */
async function until(holds: () => boolean, patience = 60_000): Promise<number> {
  const started = performance.now()
  while (!holds()) {
    if (performance.now() - started > patience) throw new Error('It never came to that.')
    await sleep(5)
  }
  return performance.now() - started
}

/** What an answer may take beyond the step that is going on: looking at the control file, and writing a checkpoint. */
const SLACK = 500

test('stop and pause are answered within one step, whichever way they come, and the process answers while it computes', async () => {
  // Many updates a step: long steps of a small model.
  const dir = tinyRun(scratch, 'run', {
    ...{ steps: 400, checkpointEvery: 400, batch: 256, sampling: { maxNewTokens: 40 } },
    algorithm: { epochs: 16 }
  })
  const ended = hostJob({ kind: 'train', runDir: dir }, { onStart: (started) => (child = started) })
  const steps = (): number => {
    const file = join(dir, runFiles.metrics)
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0
  }
  const state = (): RunState => readRunView(dir).state
  const beatAt = (): string => {
    const file = join(dir, runFiles.heartbeat)
    return heartbeat.parse(JSON.parse(readFileSync(file, 'utf8'))).at
  }
  const byMessage = (control: JobControl): void => void child?.send({ control })
  // This process is another one than the trainer: what the window and `run stop` do.
  const byFile = (control: JobControl): void => void tellRun(dir, control)

  /** The longest of the next steps, and the most heartbeats within one. */
  async function measure(count: number): Promise<{ step: number; beats: number }> {
    let [longest, most] = [0, 0]
    await until(() => steps() > 0)
    for (let measured = 0; measured < count; measured++) {
      const before = steps()
      const beats = new Set<string>()
      const took = await until(() => {
        beats.add(beatAt())
        return steps() > before
      })
      // The first one seen may be of the step before.
      if (measured > 0) [longest, most] = [Math.max(longest, took), Math.max(most, beats.size - 1)]
    }
    return { step: longest, beats: most }
  }

  const { step, beats } = await measure(4)
  const answers: string[] = []
  async function tell(
    how: (control: JobControl) => void,
    control: JobControl,
    expected: RunState
  ): Promise<void> {
    const before = steps()
    // At any point of a step.
    await sleep((0.1 + 0.2 * answers.length) * step)
    how(control)
    const atWord = steps()
    const took = await until(() => state() === expected)
    answers.push(`${control} ${took.toFixed(0)} ms`)
    expect(took).toBeLessThan(1.5 * step + SLACK)
    expect(steps() - atWord).toBeLessThanOrEqual(1)
    expect(steps()).toBeGreaterThanOrEqual(before)
  }
  await tell(byMessage, 'pause', 'paused')
  await tell(byMessage, 'continue', 'running')
  await until(() => steps() > 5)
  await tell(byFile, 'pause', 'paused')
  const paused = steps()
  await sleep(1.5 * step)
  expect(steps()).toBe(paused)
  await tell(byFile, 'continue', 'running')
  await tell(byFile, 'stop', 'stopped')
  await expect(ended).resolves.toMatchObject({ state: 'stopped', step: steps() })
  console.info(
    `longest of 3 steps ${step.toFixed(0)} ms, ${beats} heartbeats within a step; ${answers.join(', ')}`
  )
  expect(existsSync(join(dir, 'checkpoints', String(steps())))).toBe(true)
  // Steps are long enough to mean something, and the heart beats in the midst of them.
  expect(step).toBeGreaterThan(1000)
  expect(beats).toBeGreaterThan(0)
})
