import { expect, test } from 'vitest'
import { createGenerator, type GenerateProgress } from '../../../../src/engine/generate/generator'
import type { Runtime, Session } from '../../../../src/engine/session'
import { uniformNumbers, randomModel } from '../../../pure/engine/checkpoint/random-model'
import { runtime } from './reference'

const model = randomModel({ endTokens: [], contextLength: 200 })
const shape = { model, trainable: { kind: 'none' }, batch: 3, promptLength: 40, maxNewTokens: 100 } as const
const prompts = [40, 3, 17].map((length) => Array.from({ length }, (_, i) => (5 * i + length) % 37))
const uniforms = uniformNumbers(300, 8)

/** Notes how many turns each run made. */
const noting = (runs: number[]): Runtime => ({
  open: async (graph) => {
    const session = await runtime.open(graph)
    const run: Session['run'] = async (inputs) => {
      const results = await session.run(inputs)
      runs.push(results.tokens.shape[0])
      return results
    }
    return { run, release: () => session.release() }
  }
})

test.each([false, true])(
  'where a rollout divides changes no bit of it (cache in parts: %s)',
  async (cacheInParts) => {
    const made = []
    const counts = []
    for (const runMilliseconds of [Infinity, 0, 3]) {
      const runs: number[] = []
      const options = { ...shape, cacheInParts, runMilliseconds }
      const generator = await createGenerator({ runtime: noting(runs), ...options })
      made.push(await generator.generate({ prompts, uniforms }))
      await generator.release()
      expect(runs.reduce((sum, turns) => sum + turns)).toBe(100)
      counts.push(runs.length)
    }
    // The prompts' run and one that measures; then all that is left, as far as the cache lets, or a turn at a time.
    expect(counts.slice(0, 2)).toEqual(cacheInParts ? [6, 93] : [3, 86])
    expect(made[1]).toEqual(made[0])
    expect(made[2]).toEqual(made[0])
  }
)

test('a prompt in pieces gives the same tokens', async () => {
  const whole = await createGenerator({ runtime, ...shape })
  const expected = (await whole.generate({ prompts, uniforms })).sequences
  await whole.release()
  for (const cacheInParts of [false, true])
    for (const columnsAtOnce of [16, 39, 7]) {
      const pieces = await createGenerator({ runtime, ...shape, cacheInParts, columnsAtOnce })
      const { sequences } = await pieces.generate({ prompts, uniforms })
      await pieces.release()
      expect(sequences.map(({ ids }) => ids)).toEqual(expected.map(({ ids }) => ids))
      for (const [row, { logProbs }] of sequences.entries())
        logProbs.forEach((logProb, i) =>
          expect(Math.abs(logProb - expected[row].logProbs[i])).toBeLessThan(1e-4)
        )
    }
})

test('progress is told between runs, and a rollout can be ended there', async () => {
  const generator = await createGenerator({ runtime, ...shape, columnsAtOnce: 16, runMilliseconds: 0 })
  const told: GenerateProgress[] = []
  await generator.generate({ prompts, uniforms, between: (progress) => void told.push(progress) })
  expect(told.length).toBeGreaterThan(3)
  expect(told.slice(0, 2)).toEqual([
    { made: 0, of: 100 },
    { made: 0, of: 100 }
  ])
  expect(told.every(({ made }, i) => i === 0 || made >= told[i - 1].made)).toBe(true)

  const stop = new Error('enough')
  let calls = 0
  const stopped = generator.generate({
    ...{ prompts, uniforms },
    between: async () => {
      await Promise.resolve()
      if (++calls === 3) throw stop
    }
  })
  await expect(stopped).rejects.toBe(stop)
  expect(calls).toBe(3)
  const again = await generator.generate({ prompts, uniforms })
  expect(again.sequences.every(({ ids }) => ids.length === 100)).toBe(true)
  await generator.release()
})
