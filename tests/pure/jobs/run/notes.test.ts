import { expect, test } from 'vitest'
import { nextStep, requireSameNext } from '../../../../src/jobs/run/notes'

const plan = { learningRate: 1e-3, data: ['one', 'two'] }
const now = nextStep(plan, 7, 4)

test('a run is resumed by a version that has more streams of chance, and by none that draws otherwise', () => {
  const { replies: _, ...older } = now.chance
  expect(Object.keys(older)).toHaveLength(Object.keys(now.chance).length - 1)
  expect(() => requireSameNext(now, { ...now, chance: older as typeof now.chance })).not.toThrow()
  expect(() => requireSameNext(now, nextStep(plan, 8, 4))).toThrow(/chance\.sampling was/)
  const gone = { ...now, chance: { ...now.chance, dice: 0.5 } }
  expect(() => requireSameNext(now, gone)).toThrow(/chance\.dice was 0\.5 and is absent/)
})
