import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { RunConfigInput } from '../../../src/contract/run-config'
import { train } from '../../../src/jobs/train'
import { scratchFolder } from '../../pure/engine/checkpoint/scratch'
import { annotatedRun } from './annotated-run'
import { quietHost, timelessMetrics, tinyRun } from './tiny-run'

const scratch = scratchFolder()
const oneStep = { steps: 1, checkpointEvery: 1 }
const inPieces: Partial<RunConfigInput> = { ...oneStep, microBatch: 3, memory: 'frugal' }

const kinds = {
  rollouts: (name: string, settings: Partial<RunConfigInput>) =>
    tinyRun(join(scratch, name), 'run', settings),
  annotated: (name: string, settings: Partial<RunConfigInput>) => annotatedRun(join(scratch, name), settings)
}

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
