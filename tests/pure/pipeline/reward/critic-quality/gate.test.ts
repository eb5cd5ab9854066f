import { expect, test } from 'vitest'
import { defaultThresholds, shortcomings } from '../../../../../src/pipeline/reward/critic-quality/gate'

const tokens = (f1: number | null) => {
  const rates = { precision: 0.5, recall: 0.5, f1 }
  return { negative: rates, positive: rates }
}
const precision = (low: number) => ({ 'tokens.negative.precision': { value: low, low, high: 1 } })
/** At each threshold, and past none. */
const bare = {
  tokens: tokens(defaultThresholds.poorF1),
  signFlip: defaultThresholds.signFlip,
  parseFailureRate: defaultThresholds.failures,
  documents: defaultThresholds.documents,
  intervals: precision(defaultThresholds.poorPrecision)
}

test('what reaches every threshold, and no more, passes', () => {
  expect(shortcomings(bare, defaultThresholds)).toEqual([])
  expect(shortcomings({ ...bare, signFlip: null }, defaultThresholds)).toEqual([])
})

test.each([
  ['no poor token', { tokens: tokens(null) }, 'the test split has no poor token'],
  ['too low an F1', { tokens: tokens(0.29) }, 'its F1 on poor tokens is 29 %, below 30 %'],
  ['too many failures', { parseFailureRate: 0.06 }, '6 % of its critiques failed, more than 5 %'],
  [
    'too many flips',
    { signFlip: 0.11 },
    '11 % of the tokens that people marked too have the opposite sign, more than 10 %'
  ],
  ['one document', { documents: 1 }, 'it was evaluated on 1 document, fewer than 10'],
  ['no mark', { intervals: {} }, 'it has no precision on poor tokens, because it marked none'],
  [
    'marks at random',
    { intervals: precision(0.4) },
    'its precision on poor tokens may be as low as 40 %, below 50 %'
  ]
])('a critic with %s does not', (_, change, sentence) => {
  expect(shortcomings({ ...bare, ...change }, defaultThresholds)).toEqual([sentence])
})
