import { describe, expect, it } from 'vitest'
import type { Scores } from '../../../src/engine/rl/scorer'
import { cutBatch, piecesOf, scorerInPieces } from '../../../src/jobs/sessions/micro-batches'

const ids = BigInt64Array.from({ length: 10 }, (_, index) => BigInt(index)) // 5 rows of 2
const mask = Float32Array.from(ids, Number)

describe('a batch in pieces', () => {
  it('has so many rows each, and zeros after the last', () => {
    const pieces = cutBatch({ ids, mask, temperature: 0.7 }, piecesOf({ microBatch: 2 }, 5))
    expect(pieces).toEqual([
      { ids: ids.slice(0, 4), mask: mask.slice(0, 4), temperature: 0.7 },
      { ids: ids.slice(4, 8), mask: mask.slice(4, 8), temperature: 0.7 },
      { ids: BigInt64Array.of(8n, 9n, 0n, 0n), mask: Float32Array.of(8, 9, 0, 0), temperature: 0.7 }
    ])
  })

  it('is left whole when nothing asks for less', () => {
    const batch = { ids }
    expect(cutBatch(batch, piecesOf({ microBatch: null }, 5))[0]).toBe(batch)
    expect(piecesOf({ microBatch: 9 }, 5)).toEqual({ rows: 5, micro: 5 })
  })

  it('is scored piece by piece, each number in its place', async () => {
    const names = ['logProbs', 'referenceLogProbs', 'kl', 'entropy', 'values'] as const
    const scorer = scorerInPieces(
      {
        score: (request) => {
          const own = (factor: number): Float32Array =>
            Float32Array.from(request.ids, (id) => Number(id) * factor)
          return Promise.resolve(
            Object.fromEntries(names.map((name, index) => [name, own(index + 1)])) as unknown as Scores
          )
        },
        release: () => Promise.resolve()
      },
      { rows: 5, micro: 2 }
    )
    const scores = await scorer.score({ ids, temperature: 1 })
    names.forEach((name, index) => expect(scores[name]).toEqual(mask.map((value) => value * (index + 1))))
  })
})
