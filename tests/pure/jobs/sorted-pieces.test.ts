import { describe, expect, it } from 'vitest'
import type { Scores } from '../../../src/engine/rl/scorer'
import { evenLengths } from '../../../src/jobs/sessions/length-buckets'
import { cutBatch, piecesOf, scorerInPieces } from '../../../src/jobs/sessions/micro-batches'
import { paddingShare, sortedByLength } from '../../../src/jobs/sessions/sorted-pieces'

/** Five rows of 8 places; row r holds r0, r1, … in its own length, and zeros behind. */
const lengths = [3, 8, 2, 5, 4]
const T = 8
const ids = BigInt64Array.from({ length: 5 * T }, (_, at) =>
  at % T < lengths[Math.floor(at / T)] ? BigInt(10 * Math.floor(at / T) + (at % T)) : 0n
)
const mask = Float32Array.from(ids, Number)
const pieces = piecesOf({ microBatch: 2, buckets: 3 }, 5, [4, 6, 8])

describe('answers sorted by length', () => {
  it('go through in as many pieces as there are lengths, unless somebody says how large those are', () => {
    expect(piecesOf({ microBatch: null, buckets: 4 }, 32, [8, 16])).toEqual({
      rows: 32,
      micro: 8,
      lengths: [8, 16]
    })
    expect(piecesOf({ microBatch: 5, buckets: 4 }, 32, [8, 16]).micro).toBe(5)
    expect(piecesOf({ microBatch: null, buckets: null }, 32, [16])).toEqual({ rows: 32, micro: 32 })
  })

  it('come shortest first, each piece as long as it has to be, and the longest is full', () => {
    expect(sortedByLength({ lengths }, pieces)).toEqual([
      { rows: [2], length: 4 },
      { rows: [0, 4], length: 4 },
      { rows: [3, 1], length: 8 }
    ])
    expect(() => sortedByLength({ lengths: [9] }, pieces)).toThrow('9 tokens, where at most 8')
  })

  it('are cut to that length, with zeros where there is no row', () => {
    const [first, second, third] = cutBatch({ ids, mask, lengths, temperature: 0.7 }, pieces)
    expect(first).toEqual({
      ids: BigInt64Array.of(20n, 21n, 0n, 0n, 0n, 0n, 0n, 0n),
      mask: Float32Array.of(20, 21, 0, 0, 0, 0, 0, 0),
      temperature: 0.7
    })
    expect([...second.mask]).toEqual([0, 1, 2, 0, 40, 41, 42, 43])
    expect([...third.mask]).toEqual([30, 31, 32, 33, 34, 0, 0, 0, 10, 11, 12, 13, 14, 15, 16, 17])
  })

  it('leave out of the adapter what they would in their own places', () => {
    const dropout = (matrix: number, inputs: number, first: number, count: number): Float32Array =>
      Float32Array.from({ length: count * T * inputs }, (_, at) => 1000 * matrix + 100 * first + at)
    const second = cutBatch({ ids, lengths, dropout }, pieces)[1]
    expect([...second.dropout(3, 2, 2, 2)]).toEqual(
      [0, 4].flatMap((row) => Array.from({ length: 8 }, (_, at) => 3000 + 100 * row + at))
    )
  })

  it('are scored each by the session of its length, every number in its place', async () => {
    const names = ['logProbs', 'referenceLogProbs', 'kl', 'entropy', 'values'] as const
    const seen: number[] = []
    const scorers = [4, 6, 8].map((length) => ({
      score: (request: { ids: BigInt64Array }) => {
        expect(request.ids.length).toBe(2 * length)
        seen.push(length)
        const own = Float32Array.from(request.ids, Number)
        return Promise.resolve(Object.fromEntries(names.map((name) => [name, own])) as unknown as Scores)
      },
      release: () => Promise.resolve()
    }))
    const scores = await scorerInPieces(scorers, pieces).score({ ids, lengths, temperature: 1 })
    expect(seen).toEqual([4, 4, 8])
    for (const name of names) expect(scores[name]).toEqual(mask)
  })

  it('compute less padding than one length for all', () => {
    const one = paddingShare(lengths, piecesOf({ microBatch: 2 }, 5), T)
    expect(one).toBeCloseTo(1 - 22 / 40)
    expect(paddingShare(lengths, pieces, T)).toBeCloseTo(1 - 22 / 28)
  })

  it('have lengths at equal distances while nobody knows how long they become', () => {
    expect(evenLengths(20, 120, 4)).toEqual([48, 72, 96, 120])
    expect(evenLengths(20, 117, 1)).toEqual([117])
    expect(evenLengths(3, 13, 4)).toEqual([8, 13])
  })
})
