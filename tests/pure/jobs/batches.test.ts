import { describe, expect, test } from 'vitest'
import { PaddedBatch } from '../../../src/jobs/batch'
import { batchOfStep, bucketLengths } from '../../../src/jobs/sessions/length-buckets'
import { itemsOfStep } from '../../../src/jobs/prompts'

describe('a padded batch', () => {
  const sequences = [
    { promptIds: [1], ids: [5, 6, 7] },
    { promptIds: [1, 2], ids: [8] }
  ]
  const batch = new PaddedBatch(sequences, 3, 5)

  test('holds prompt and answer, padded on the right', () => {
    expect([...batch.ids].map(Number)).toEqual([1, 5, 6, 7, 0, 1, 2, 8, 0, 0, 0, 0, 0, 0, 0])
  })

  test("an answer's token is found where it is predicted: one place before it stands", () => {
    const places = Float32Array.from({ length: 15 }, (_, place) => place)
    expect([...batch.gather(places, 0)]).toEqual([0, 1, 2])
    expect([...batch.gather(places, 1)]).toEqual([6])
    expect([...batch.mask]).toEqual([1, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0])
    const scattered = batch.scatter([[0.5, 0.25, 0.125], null])
    expect([...scattered]).toEqual([0.5, 0.25, 0.125, ...new Array<number>(12).fill(0)])
  })

  test('refuses what does not fit', () => {
    expect(() => new PaddedBatch([{ promptIds: [1], ids: [1, 2, 3, 4, 5] }], 1, 5)).toThrow(RangeError)
    expect(() => new PaddedBatch([{ promptIds: [], ids: [1] }], 1, 5)).toThrow(RangeError)
    expect(() => new PaddedBatch(sequences, 1, 5)).toThrow(RangeError)
  })
})

describe('what a step takes', () => {
  const items = ['a', 'b', 'c', 'd', 'e']

  test('everything once before anything twice, whatever the size of a step', () => {
    const taken = [1, 2, 3, 4, 5].flatMap((step) => itemsOfStep(items, 7, step, 2))
    expect([...taken.slice(0, 5)].sort()).toEqual(items)
    expect([...taken.slice(5)].sort()).toEqual(items)
    expect(taken.slice(0, 5)).not.toEqual(taken.slice(5))
  })

  test('is a function of seed and step', () => {
    expect(itemsOfStep(items, 7, 3, 4)).toEqual(itemsOfStep(items, 7, 3, 4))
    expect([1, 2, 3].map((seed) => itemsOfStep(items, seed, 1, 5).join('')).join()).not.toBe(
      'abcde,abcde,abcde'
    )
  })

  test('items of one bucket together, all of them in a round', () => {
    const lengths = Array.from({ length: 23 }, (_, index) => index)
    const bucketOf = (length: number): number => Math.floor(length / 10)
    const rounds = [1, 2].map((round) => {
      const steps = Array.from({ length: 7 }, (_, index) => (round - 1) * 7 + index + 1)
      return steps.map((step) => batchOfStep(lengths, bucketOf, { seed: 1, step, rows: 4 }))
    })
    for (const batches of rounds) {
      for (const batch of batches) {
        expect(new Set(batch.map(bucketOf)).size).toBe(1)
        expect(batch.length).toBeLessThanOrEqual(4)
      }
      expect(batches.flat().sort((a, b) => a - b)).toEqual(lengths)
    }
    expect(rounds[0]).not.toEqual(rounds[1])
  })

  test('buckets cover every length and hold about as many each', () => {
    const lengths = Array.from({ length: 100 }, (_, index) => 10 + index)
    const tops = bucketLengths(lengths, 4)
    expect(tops).toEqual([40, 64, 88, 109])
    expect(bucketLengths([7, 7, 7], 4)).toEqual([7])
  })
})
