import { expect, it } from 'vitest'
import { bytes, count, duration, number, parameters, signed } from '../../../../src/renderer/src/state/format'

it('numbers have few digits and a true minus', () => {
  expect(
    [0, -0.25, 0.30000000000000004, 12345.6, 0.00012, -1e-7, NaN, undefined].map((value) => number(value))
  ).toEqual(['0', '−0.25', '0.3', '12,346', '1.20e−4', '−1.00e−7', 'NaN', '–'])
  expect([0.5, -0.5, 0].map((value) => signed(value))).toEqual(['+0.5', '−0.5', '0'])
})

it('amounts have their unit', () => {
  expect([count(1, 'span'), count(1200, 'span')]).toEqual(['1 span', '1,200 spans'])
  expect([bytes(0), bytes(412e6), bytes(8e9)]).toEqual(['0 B', '412 MB', '8 GB'])
  expect([duration(0.2), duration(59.6), duration(600), duration(9000)]).toEqual([
    '< 1 s',
    '60 s',
    '10 min',
    '2 h 30 min'
  ])
  expect([parameters(149000), parameters(1.1e9)]).toEqual(['149 k', '1.1 B'])
})
