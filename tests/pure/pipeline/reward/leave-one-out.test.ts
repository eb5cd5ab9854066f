import { describe, expect, it } from 'vitest'
import { leaveOneOut } from '../../../../src/pipeline/reward/leave-one-out'

const sample = (values: number[], ok = true): { values: Float32Array; ok: boolean } => ({
  values: Float32Array.from(values),
  ok
})
const rows = (arrays: Float32Array[]): number[][] => arrays.map((array) => [...array])

describe('leaveOneOut', () => {
  it('takes off what the others to the same prompt have to come at the same token', () => {
    const batch = [
      { ...sample([3, 3]), prompt: 'a' },
      { ...sample([1, 0, 1]), prompt: 'a' },
      { ...sample([2]), prompt: 'a' },
      { ...sample([9, 9]), prompt: 'b' }
    ]
    expect(rows(leaveOneOut(batch))).toEqual([[1.5, 3], [-1.5, -1.5, 1], [0], [9, 9]])
  })

  it('does not look at answers that failed', () => {
    const batch = [
      { ...sample([3]), prompt: 'a' },
      { ...sample([1]), prompt: 'a' },
      { ...sample([1000], false), prompt: 'a' }
    ]
    expect(rows(leaveOneOut(batch))).toEqual([[2], [-2], [0]])
  })

  it('gives nothing where nobody was marked', () => {
    const batch = [0, 1].map(() => ({ ...sample([0, 0]), prompt: 1 }))
    expect(rows(leaveOneOut(batch))).toEqual([
      [0, 0],
      [0, 0]
    ])
  })
})
