import { describe, expect, it } from 'vitest'
import { countFailures, type FailureWindow } from '../../../../src/pipeline/optimise/failing'

describe('countFailures', () => {
  const run = (failed: number[], steps = 100): number | null => {
    let window: FailureWindow = []
    for (const [step, count] of failed.entries()) {
      const result = countFailures(window, { answers: 10, failed: count }, steps)
      window = result.window
      if (result.alarm !== null) return step + 1
    }
    return null
  }

  it('stops a critic that always fails at its fifth step', () => {
    expect(run(Array<number>(20).fill(10))).toBe(5)
  })

  it('bears exactly a fifth, and not more', () => {
    expect(run(Array<number>(60).fill(2))).toBeNull()
    expect(run([...Array<number>(30).fill(2), 3])).toBe(31)
  })

  it('bears one bad step, and forgets it after twenty', () => {
    expect(run([10, ...Array<number>(19).fill(1)])).toBeNull()
    expect(run([10, 10, 10, 10, ...Array<number>(16).fill(0), 10, 10, 10, 10])).toBeNull()
    expect(run([10, 10, 10, 10, ...Array<number>(15).fill(0), 10])).toBe(20)
  })

  it('has a shorter window in a shorter run', () => {
    expect(run([10, 10, 10], 3)).toBe(1)
    expect(run([2, 2, 2], 3)).toBeNull()
  })

  it('says why', () => {
    const { alarm } = countFailures([], { answers: 4, failed: 4 }, 1)
    expect(alarm).toContain('4 of 4 answers in the last 1 steps')
  })
})
