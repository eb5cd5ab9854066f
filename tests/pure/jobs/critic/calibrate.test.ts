import { expect, it } from 'vitest'
import type { Critique } from '../../../../src/contract/critic'
import { calibrationOf, withCalibration } from '../../../../src/jobs/critic/calibrate'

const gold = { start: 0, end: 4, polarity: 'poor', reason: '' } as const
const says = (start: number, end: number, polarity: 'good' | 'poor', confidence: number): Critique => ({
  ...{ status: 'ok', critique: 'So.', spans: [{ quote: '', start, end, polarity, confidence }] }
})
const failed: Critique = { status: 'failed', code: 'critic-failed', reason: 'No.' }

it('learns on dev what a confidence is worth, and says so instead', () => {
  // Half of the place, the wrong polarity and the wrong place are wrong; a failure is no outcome.
  const right = Array.from({ length: 20 }, () => says(0, 3, 'poor', 0.9))
  const wrong = [says(0, 1, 'poor', 0.2), says(0, 4, 'good', 0.2), says(6, 9, 'poor', 0.2)]
  const critiques = [...right, ...Array.from({ length: 20 }, (_, index) => wrong[index % 3]), failed]
  const map = calibrationOf(
    critiques.map(() => ({ spans: [gold] })),
    critiques
  )
  expect(map).toEqual([
    [expect.closeTo(0.2), 1 / 22],
    [expect.closeTo(0.9), 21 / 22]
  ])
  expect(withCalibration(right[0], map)).toMatchObject({ spans: [{ confidence: 21 / 22 }] })
  expect(withCalibration(right[0], null)).toEqual(right[0])
  expect(withCalibration(failed, map)).toEqual(failed)
})

it('has nothing to say of a handful', () => {
  expect(calibrationOf([{ spans: [gold] }], [says(0, 4, 'poor', 1)])).toBeNull()
})
