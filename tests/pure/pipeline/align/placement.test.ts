import { describe, expect, it } from 'vitest'
import { placementFactors } from '../../../../src/pipeline/align/placement'

describe('placementFactors', () => {
  it('shares a weight among tokens', () => {
    expect(placementFactors(4, 'every')).toEqual([1, 1, 1, 1])
    expect(placementFactors(4, 'mean')).toEqual([0.25, 0.25, 0.25, 0.25])
    expect(placementFactors(3, 'first')).toEqual([1, 0, 0])
    expect(placementFactors(3, 'last')).toEqual([0, 0, 1])
    expect(placementFactors(0, 'mean')).toEqual([])
  })
})
