import { describe, expect, it } from 'vitest'
import { inConflict, resolve } from '../../../../src/pipeline/align/conflict'

const good = { weight: 1, share: 0.5 }
const poor = { weight: -1, share: -0.1 }
const neutral = { weight: 0, share: 0 }
const slight = { weight: -0.25, share: -0.25 }

describe('resolve', () => {
  it('lets the negative win', () => {
    expect(resolve([good, poor], 'negative-wins', 'share')).toBe(-0.1)
    expect(resolve([poor, slight], 'negative-wins', 'share')).toBe(-0.25)
    expect(resolve([good], 'negative-wins', 'share')).toBe(0.5)
  })

  it('lets the strongest span win, the negative one among equals', () => {
    expect(resolve([good, slight], 'strongest', 'share')).toBe(0.5)
    expect(resolve([good, poor], 'strongest', 'share')).toBe(-0.1)
  })

  it('adds up and clips', () => {
    expect(resolve([good, poor], 'sum', 'share')).toBe(0.4)
    expect(resolve([good, good, good], 'sum', 'share')).toBe(1)
    expect(resolve([poor, good], 'sum', 'weight')).toBe(0)
  })

  it('never lets a neutral span win', () => {
    for (const conflict of ['negative-wins', 'strongest', 'sum'] as const) {
      expect(resolve([neutral, good], conflict, 'share')).toBe(0.5)
      expect(resolve([neutral, poor], conflict, 'share')).toBe(-0.1)
      expect(resolve([neutral], conflict, 'share')).toBe(0)
      expect(resolve([], conflict, 'share')).toBe(0)
    }
  })

  it('calls only opposite signs a conflict', () => {
    expect(inConflict([good, poor])).toBe(true)
    expect(inConflict([poor, slight, neutral])).toBe(false)
    expect(inConflict([good, neutral])).toBe(false)
  })
})
