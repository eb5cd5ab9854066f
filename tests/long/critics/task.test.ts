import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runTask, spanHeadRecipe } from '../../../bench/critic/task-run'
import { baselineNames } from '../../../src/pipeline/reward/critic-quality/baselines'
import { scratchFolder } from '../../pure/engine/checkpoint/scratch'

const scratch = scratchFolder()

test('a span head finds planted mistakes that only the prompt gives away, and its probabilities hold', async () => {
  const { quality } = await runTask(join(scratch, 'critic'), 1, spanHeadRecipe)
  const { f1 } = quality.tokens.negative
  expect(quality.parseFailures).toBe(0)
  expect(f1).toBeGreaterThanOrEqual(0.9)
  for (const name of baselineNames) expect(quality.baselines[name].tokens.negative.f1 ?? 0).toBeLessThan(0.5)
  const { ece, brier, baseRateBrier } = quality.calibration ?? { ece: 1, brier: 1, baseRateBrier: 0 }
  expect(ece).toBeLessThanOrEqual(0.05)
  expect(brier).toBeLessThan(baseRateBrier / 2)
})

test('it finds them where half are another fact of the same card, which words of the prompt do not tell', async () => {
  const { quality, lookup } = await runTask(join(scratch, 'hard'), 1, spanHeadRecipe, 'hard')
  const { f1 } = quality.tokens.negative
  expect(f1).toBeGreaterThanOrEqual(0.8)
  for (const name of baselineNames) expect(quality.baselines[name].tokens.negative.f1 ?? 0).toBeLessThan(0.5)
  for (const found of [lookup.absent, lookup.unheard]) expect(found).toBeLessThan(0.5)
  const { ece, bins } = quality.calibration ?? { ece: 1, bins: [] }
  expect(bins).toHaveLength(15)
  expect(ece).toBeLessThanOrEqual(0.05)
})
