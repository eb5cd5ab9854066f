import { describe, expect, it } from 'vitest'
import {
  dequantise,
  quantise,
  zeroPointOf,
  type FourBitOptions
} from '../../../../src/engine/quantise/four-bit'
import { Random } from '../../../native/engine/support/random'

const options: FourBitOptions[] = [
  { block: 16, symmetric: false },
  { block: 32, symmetric: false },
  { block: 32, symmetric: true },
  { block: 64, symmetric: true }
]

function normalMatrix(outputs: number, inputs: number): Float32Array {
  const random = new Random(3)
  return random.floats(outputs * inputs, () => 0.02 * random.normal())
}

describe('a matrix in 4 bits', () => {
  it.each(options)('is within half a step of the weights, block by block: %o', (form) => {
    const [outputs, inputs] = [6, 192]
    const weights = normalMatrix(outputs, inputs)
    const matrix = quantise('w', weights, outputs, inputs, form)
    const back = dequantise(matrix)
    // A symmetric block has no level for the far end of the side that is not the farthest: a whole step at most.
    const steps = form.symmetric ? 1 : 0.5
    back.forEach((weight, index) => {
      const step = Math.abs(matrix.scales[Math.floor(index / form.block)])
      expect(Math.abs(weight - weights[index])).toBeLessThanOrEqual(step * steps * 1.0001)
    })
  })

  it('keeps the relative error of normal weights that its settings promise', () => {
    const weights = normalMatrix(64, 512)
    const error = (form: FourBitOptions): number => {
      const back = dequantise(quantise('w', weights, 64, 512, form))
      const square = (values: Float32Array): number => values.reduce((sum, value) => sum + value * value, 0)
      return Math.sqrt(square(back.map((weight, index) => weight - weights[index])) / square(weights))
    }
    expect(error({ block: 32, symmetric: false })).toBeCloseTo(0.08, 2)
    expect(error({ block: 64, symmetric: true })).toBeCloseTo(0.1, 2)
  })

  it('keeps zeros, and weights that lie on the levels, exactly', () => {
    const zeros = quantise('w', new Float32Array(64), 2, 32)
    expect(dequantise(zeros).every((weight) => weight === 0)).toBe(true)
    const levels = Float32Array.from({ length: 32 }, (_, index) => ((index % 16) - 5) * 0.25)
    expect([...dequantise(quantise('w', levels, 1, 32))]).toEqual([...levels])
  })

  it('takes 16 levels on both sides of the byte, the first weight in the low half', () => {
    const weights = Float32Array.from({ length: 16 }, (_, index) => index)
    const { packed, scales, zeroPoints } = quantise('w', weights, 1, 16, { block: 16, symmetric: false })
    expect([...packed]).toEqual([0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe])
    expect([...scales]).toEqual([1])
    expect([...(zeroPoints ?? [])]).toEqual([0])
  })

  it('pads the zero points of a row of an odd number of blocks', () => {
    const matrix = quantise('w', normalMatrix(3, 96), 3, 96)
    expect(matrix.zeroPoints).toHaveLength(6)
    const zeroAt = zeroPointOf(matrix)
    for (let row = 0; row < 3; row++)
      for (let column = 0; column < 3; column++) expect(zeroAt(row, column)).toBeGreaterThan(0)
  })

  it.each([NaN, Infinity, -Infinity])('refuses %d, naming the tensor', (value) => {
    for (const symmetric of [true, false])
      for (const place of [0, 17, 31]) {
        const weights = new Float32Array(32).fill(0.5)
        weights[place] = value
        expect(() => quantise('model.w', weights, 1, 32, { block: 32, symmetric })).toThrow(/model\.w holds/)
      }
  })
})
