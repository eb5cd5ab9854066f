import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { JobControl } from '../../../../src/contract/job'
import type { JobContext } from '../../../../src/jobs/context'
import { train } from '../../../../src/jobs/run/train'
import { scratchFolder } from '../../../pure/engine/checkpoint/scratch'
import { adapterBytes, quietHost, timelessMetrics, tinyRun } from './tiny-run'

const scratch = scratchFolder()
const newRun = (name: string): string =>
  tinyRun(scratch, name, { steps: 3, checkpointEvery: 3, sampling: { maxNewTokens: 40 } })

/**
 * Says the words one after the other from the second time on that it is asked: while the first step samples. A
 * generator that does not know its speed yet divides its first rollout into runs, whatever the machine.
 */
function whileSampling(dir: string, words: readonly (JobControl | null)[]) {
  const states: string[] = []
  let asked = 0
  let loading = true
  const context: JobContext = {
    emit: (event) => {
      if (event.kind === 'progress' && event.progress.note === undefined) loading = false
    },
    takeControl: () => {
      if (loading) return null
      states.push((JSON.parse(readFileSync(join(dir, 'state.json'), 'utf8')) as { state: string }).state)
      return words[asked++ - 1] ?? null
    }
  }
  return { context, states }
}

test('a stop in the midst of a rollout is answered there; the step is not taken, and resumed it is the same', async () => {
  const whole = newRun('whole')
  await train(whole, quietHost())

  const stopped = newRun('stopped')
  const afterOne = (): JobControl | null => (existsSync(join(stopped, 'metrics.jsonl')) ? 'stop' : null)
  await train(stopped, { emit: () => undefined, takeControl: afterOne })
  expect(await train(stopped, whileSampling(stopped, ['stop']).context)).toMatchObject({
    state: 'stopped',
    step: 1
  })
  expect(timelessMetrics(stopped)).toEqual(timelessMetrics(whole).slice(0, 1))
  expect(readFileSync(join(stopped, 'samples.jsonl'), 'utf8')).not.toContain('"step":2')
  expect(await train(stopped, quietHost())).toMatchObject({ state: 'finished', step: 3 })

  const paused = newRun('paused')
  const host = whileSampling(paused, ['pause', null, 'continue'])
  expect(await train(paused, host.context)).toMatchObject({ state: 'finished', step: 3 })
  expect(host.states.slice(0, 4)).toEqual(['running', 'running', 'paused', 'paused'])

  for (const dir of [stopped, paused]) {
    expect(timelessMetrics(dir)).toEqual(timelessMetrics(whole))
    expect(adapterBytes(dir).equals(adapterBytes(whole))).toBe(true)
  }
})
