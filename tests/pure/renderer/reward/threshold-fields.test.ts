import { expect, it } from 'vitest'
import { criticThresholds } from '../../../../src/contract/critic-thresholds'
import { defaultThresholds } from '../../../../src/pipeline/reward/critic-quality/gate'
import {
  changeWords,
  fitsThreshold,
  thresholdFields,
  typedOf,
  valueOf
} from '../../../../src/renderer/src/views/reward/threshold-fields'

it('every threshold has a field', () => {
  expect(thresholdFields.map(({ key }) => key).sort()).toEqual(Object.keys(defaultThresholds).sort())
})

it('fields have the bounds of the schema', () => {
  for (const field of thresholdFields)
    for (const typed of [-1, 0, 0.5, 1, 50, 100, 101, 1_000_000, 1_000_001, NaN]) {
      const { success } = criticThresholds.safeParse({
        ...defaultThresholds,
        [field.key]: valueOf(field, typed)
      })
      expect([field.key, typed, fitsThreshold(field, typed)]).toEqual([field.key, typed, success])
    }
  expect(fitsThreshold(thresholdFields[0], null)).toBe(false)
})

it('what is typed comes back as it was', () => {
  for (const field of thresholdFields)
    for (const typed of [1, 7, 29, 55, 57.5, 99]) expect(typedOf(field, valueOf(field, typed))).toBe(typed)
})

it('a change says what it changed', () => {
  expect(changeWords(defaultThresholds, { ...defaultThresholds, poorF1: 0.6, documents: 20 })).toBe(
    'F1 on poor tokens ≥ 30 % → ≥ 60 %; Documents ≥ 10 → ≥ 20'
  )
})
