import { describe, expect, test } from 'vitest'
import { widenToFloat32 } from '../../../../src/engine/checkpoint/half-precision'
import { isFiniteHalf, narrowFloat32, type HalfType } from '../../../../src/engine/checkpoint/narrow'
import { numbers } from './random-model'

const every = Uint16Array.from({ length: 65_536 }, (_, bits) => bits)
const one = (dtype: HalfType, value: number): number => narrowFloat32(dtype, Float32Array.of(value))[0]

describe.each(['F16', 'BF16'] as const)('float32 to %s', (dtype) => {
  const wide = widenToFloat32(dtype, every)

  test('gives back every 16-bit float, and NaN for NaN', () => {
    const back = narrowFloat32(dtype, wide)
    for (const bits of every) {
      if (Number.isNaN(wide[bits]))
        expect(Number.isNaN(widenToFloat32(dtype, back.subarray(bits, bits + 1))[0])).toBe(true)
      else if (back[bits] !== bits) expect.unreachable(`${bits} became ${back[bits]}`)
    }
  })

  test('takes the nearest, and of two equally near the even one', () => {
    // Positive floats of 16 bits, in order: the next larger has the next bits.
    const largest = dtype === 'F16' ? 0x7bff : 0x7f7f
    const next = numbers(4)
    for (let turn = 0; turn < 2_000; turn++) {
      const low = Math.floor(next() * largest)
      const [below, above] = [wide[low], wide[low + 1]]
      // In double precision: the middle of two bfloat16 below 2^-126 is no float32.
      const middle = Math.fround((below + above) / 2)
      if (middle - below === above - middle) {
        expect(one(dtype, middle)).toBe(low % 2 === 0 ? low : low + 1)
        expect(one(dtype, -middle)).toBe(0x8000 | (low % 2 === 0 ? low : low + 1))
      }
      const between = Math.fround(below + (above - below) * next())
      const nearest = between - below < above - between ? low : low + 1
      if (between - below !== above - between) expect(one(dtype, between)).toBe(nearest)
    }
  })

  test('tells what does not fit', () => {
    expect(isFiniteHalf(dtype, one(dtype, 65_504))).toBe(true)
    expect(isFiniteHalf(dtype, one(dtype, 65_520))).toBe(dtype === 'BF16')
    expect(isFiniteHalf(dtype, one(dtype, 3.4028234e38))).toBe(false)
    expect(isFiniteHalf(dtype, one(dtype, NaN))).toBe(false)
  })
})

test('known values', () => {
  expect(
    [1, -2, 65_504, 65_519, 65_520, 2 ** -24, 2 ** -25, 2 ** -25 * 1.5].map((x) => one('F16', x))
  ).toEqual([0x3c00, 0xc000, 0x7bff, 0x7bff, 0x7c00, 1, 0, 1])
  expect([1, 1 + 2 ** -8, 1 + 3 * 2 ** -8, 3.4e38].map((x) => one('BF16', x))).toEqual([
    0x3f80, 0x3f80, 0x3f82, 0x7f80
  ])
})
