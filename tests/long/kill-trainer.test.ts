import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readRunView } from '../../src/app/runs/folder'
import { resumableRun } from '../../src/app/runs/runs'
import { hostJob } from '../../src/cli/job-host'
import { train } from '../../src/jobs/train'
import { scratchFolder } from '../pure/engine/checkpoint/scratch'
import { adapterBytes, quietHost, timelessMetrics, tinyRun } from '../native/jobs/tiny-run'

const scratch = scratchFolder()
const settings = { steps: 60, checkpointEvery: 7, batch: 16, sampling: { maxNewTokens: 40 } }

/** Kills the trainer with no warning once `when` holds. @returns the error that the host gives */
async function killedWhen(dir: string, when: () => boolean): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined
  const ended = await hostJob(
    { kind: 'train', runDir: dir },
    {
      onStart: (child) => {
        timer = setInterval(() => {
          if (when()) child.kill('SIGKILL')
        }, 5)
      }
    }
  ).catch((error: unknown) => error)
  clearInterval(timer)
  return ended
}

const lines = (dir: string): number => {
  const file = join(dir, 'metrics.jsonl')
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0
}

describe('a trainer killed in mid-step', () => {
  test('and resumed leaves the adapter and the metrics of an unbroken run', async () => {
    const unbroken = tinyRun(join(scratch, 'a'), 'unbroken', settings)
    await train(unbroken, quietHost())

    const dir = tinyRun(join(scratch, 'b'), 'killed', settings)
    // Before the first checkpoint, between two, and again: each time somewhere inside a step.
    for (const step of [3, 17, 40]) {
      const error = await killedWhen(dir, () => lines(dir) >= step)
      expect(error).toMatchObject({ code: 'trainer-died' })
      expect(readRunView(dir).state).toBe('interrupted')
      expect(resumableRun(dir).dir).toBe(dir)
    }
    await expect(hostJob({ kind: 'train', runDir: dir })).resolves.toMatchObject({
      state: 'finished',
      step: 60
    })
    expect(adapterBytes(dir).equals(adapterBytes(unbroken))).toBe(true)
    expect(timelessMetrics(dir)).toEqual(timelessMetrics(unbroken))
    expect(
      readFileSync(join(dir, 'samples.jsonl')).equals(readFileSync(join(unbroken, 'samples.jsonl')))
    ).toBe(true)
  })

  test('Ctrl-C stops after the step, with a checkpoint, and the run goes on from it', async () => {
    const dir = tinyRun(join(scratch, 'c'), 'stopped', settings)
    const controller = new AbortController()
    const timer = setInterval(() => {
      if (lines(dir) >= 2) controller.abort()
    }, 5)
    const result = await hostJob({ kind: 'train', runDir: dir }, { signal: controller.signal })
    clearInterval(timer)
    expect(result).toMatchObject({ state: 'stopped' })
    const { step, state } = readRunView(dir)
    expect(state).toBe('stopped')
    expect(step).toBeLessThan(60)
    expect(existsSync(join(dir, 'checkpoints', String(step)))).toBe(true)
  })
})
