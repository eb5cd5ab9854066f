import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { RunConfigInput } from '../../../../src/contract/run-config'
import { train } from '../../../../src/jobs/run/train'
import { scratchFolder } from '../../../pure/engine/checkpoint/scratch'
import { annotatedRun, answers } from './annotated-run'
import { quietHost, timelessMetrics, tinyRun } from './tiny-run'

const scratch = scratchFolder()
const oneStep = { steps: 1, checkpointEvery: 1 }
const inPieces: Partial<RunConfigInput> = { ...oneStep, microBatch: 3, memory: 'frugal' }

/** Answers of 24 to 56 letters. */
const unequal = answers(20).map((answer, index) => ({
  ...answer,
  text: answer.text + 'abcdefgh'.repeat(index % 5)
}))

const kinds = {
  rollouts: (name: string, settings: Partial<RunConfigInput>) =>
    tinyRun(join(scratch, name), 'run', settings),
  annotated: (name: string, settings: Partial<RunConfigInput>) =>
    annotatedRun(join(scratch, name), settings, unequal)
}

const longer = { ...oneStep, sampling: { maxNewTokens: 40 } }

it.each(Object.entries(kinds))(
  'a step whose answers are sorted into lengths is the same step with less padding: %s',
  async (kind, start) => {
    const [alike, sorted, twoAtATime] = await Promise.all(
      [{ buckets: 1 }, { buckets: 3 }, { buckets: 3, microBatch: 2 }].map(async (settings, index) => {
        const dir = start(`${kind}-lengths-${index}`, { ...longer, ...settings })
        await train(dir, quietHost())
        return timelessMetrics(dir)[0]
      })
    )
    expect(alike['policy/gradient_norm']).toBeGreaterThan(0)
    for (const row of [sorted, twoAtATime]) {
      const { 'length/padding': padding, ...same } = row
      expect(padding).toBeLessThan(0.7 * alike['length/padding'])
      expect(Object.keys(row)).toEqual(Object.keys(alike))
      for (const [name, value] of Object.entries(same))
        expect(Math.abs(value - alike[name]), name).toBeLessThanOrEqual(
          2e-5 * Math.max(1, Math.abs(alike[name]))
        )
    }
  }
)

it.each(Object.entries(kinds))(
  'a step that is computed 3 answers at a time, layers twice, is the same step: %s',
  async (kind, start) => {
    const rows = []
    for (const [name, settings] of Object.entries({ whole: oneStep, pieces: inPieces })) {
      const dir = start(`${kind}-${name}`, settings)
      await train(dir, quietHost())
      rows.push(timelessMetrics(dir)[0])
    }
    expect(Object.keys(rows[1])).toEqual(Object.keys(rows[0]))
    expect(rows[0]['policy/gradient_norm']).toBeGreaterThan(0)
    for (const [name, value] of Object.entries(rows[0]))
      expect(Math.abs(rows[1][name] - value), name).toBeLessThanOrEqual(2e-5 * Math.max(1, Math.abs(value)))
  }
)
