import { describe, expect, it } from 'vitest'
import { responseRows } from '../../../../src/engine/rl/predicting'
import { answerShares, tokenShares } from '../../../../src/engine/rl/shares'

const masks = [Float32Array.of(0, 1, 1, 0, 0, 0, 0, 0), Float32Array.of(0, 1, 0, 0, 1, 1, 1, 0)]
const close = (actual: Float32Array, expected: number[]): void =>
  [...actual].forEach((value, index) => expect(value).toBeCloseTo(expected[index], 6))

describe('shares of a step that is cut into micro-batches', () => {
  it('are alike for every token', () => {
    const [first, second] = tokenShares(masks)
    close(first, [0, 1 / 6, 1 / 6, 0, 0, 0, 0, 0])
    close(second, [0, 1 / 6, 0, 0, 1 / 6, 1 / 6, 1 / 6, 0])
  })

  it('or alike for every answer that has a token', () => {
    const [first, second] = answerShares(masks, 2)
    close(first, [0, 1 / 6, 1 / 6, 0, 0, 0, 0, 0])
    close(second, [0, 1 / 3, 0, 0, 1 / 9, 1 / 9, 1 / 9, 0])
  })

  it('also of micro-batches of other lengths', () => {
    const [first, second] = answerShares([Float32Array.of(1, 1, 0, 1), Float32Array.of(1, 0, 0, 1, 1, 1)], 2)
    close(first, [1 / 8, 1 / 8, 0, 1 / 4])
    close(second, [1 / 4, 0, 0, 1 / 12, 1 / 12, 1 / 12])
  })

  it('are zero where nothing is kept', () => {
    const nothing = [new Float32Array(4)]
    expect([...tokenShares(nothing)[0], ...answerShares(nothing, 1)[0]]).toEqual(Array(8).fill(0))
  })
})

describe('rows of response tokens', () => {
  const ids = BigInt64Array.from({ length: 8 }, (_, index) => BigInt(10 + index))

  it('are listed with their next tokens and the way back; what is left over reads a last position', () => {
    const { responseRows: rows, responseIds, responsePlaces } = responseRows(ids, masks[1], 4, 5)
    expect(rows).toMatchObject({ shape: [5], data: BigInt64Array.of(1n, 4n, 5n, 6n, 3n) })
    expect(responseIds).toMatchObject({ shape: [5, 1], data: BigInt64Array.of(12n, 15n, 16n, 17n, 0n) })
    expect(responsePlaces.data).toEqual(BigInt64Array.of(5n, 0n, 5n, 5n, 1n, 2n, 3n, 5n))
  })

  it('must fit, and a last position predicts nothing', () => {
    expect(() => responseRows(ids, masks[1], 4, 3)).toThrow(/4 response tokens .* at most 3/)
    expect(() => responseRows(ids, Float32Array.of(0, 0, 0, 1, 0, 0, 0, 0), 4, 3)).toThrow(/Position 3/)
  })
})
