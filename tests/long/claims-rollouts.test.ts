import { describe, expect, test } from 'vitest'
import { trainStories } from '../../bench/claims/rollouts-run'
import type { StoryMeasures } from '../../bench/claims/stories'
import { lacksShared } from '../shared-data'

/** Before and after, of 1,000 fresh stories each. */
type Pair = readonly [before: StoryMeasures, after: StoryMeasures]

async function trained(rules: 'poor' | 'both', seed: number, step: number): Promise<Pair> {
  const { measures } = await trainStories(rules, seed, {}, [step])
  const [before, after] = [measures.get(0), measures.get(step)]
  if (!before || !after) throw new Error('nothing was measured')
  return [before, after]
}

/** The stories stay stories: as likely under the starting model, as long, of as many sentences. */
function expectStories([before, after]: Pair): void {
  expect(after.perplexity).toBeLessThanOrEqual(1.3 * before.perplexity)
  for (const key of ['tokens', 'sentences'] as const)
    expect(Math.abs(after[key] / before[key] - 1)).toBeLessThanOrEqual(0.25)
}

describe.skipIf(lacksShared('models/stories260K')).each([1, 2, 3])('span-ppo on stories, seed %i', (seed) => {
  test('poor sentences alone: by step 75 a third of the poor stories is left, within 5 nats a story', async () => {
    const [before, after] = await trained('poor', seed, 75)
    expect(before.poor).toBeGreaterThan(0.2)
    expect(after.poor).toBeLessThanOrEqual(before.poor / 3)
    expect(after.klPerStory).toBeLessThanOrEqual(5)
    expectStories([before, after])
  })

  test('poor and good: by step 50 also ten times the good stories, within 0.15 nats a token', async () => {
    const [before, after] = await trained('both', seed, 50)
    expect(after.poor).toBeLessThanOrEqual(before.poor / 3)
    expect(after.good).toBeGreaterThanOrEqual(10 * before.good)
    expect(after.klPerToken).toBeLessThanOrEqual(0.15)
    expectStories([before, after])
  })
})
