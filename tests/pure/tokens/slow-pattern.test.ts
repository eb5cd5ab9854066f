import { describe, expect, it } from 'vitest'
import { slowPattern } from '../../../src/tokens/slow-pattern'

describe('slowPattern', () => {
  it('lets the published tokenizers’ patterns pass', () => {
    const published = [
      String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
      String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
      String.raw`[^(\s|[.,!?…。,、।۔،])]+`,
      ' {2,}'
    ]
    for (const pattern of published) expect(slowPattern(pattern)).toBe(false)
  })

  it('refuses a repeated repetition', () => {
    for (const pattern of ['(a+)+', '(?:a*)*', '((a|b)*c)+', '(a{2,}){3,}', '(?=(a+)+)x', '(a|(b+))*'])
      expect(slowPattern(pattern)).toBe(true)
    expect(slowPattern('a'.repeat(5000))).toBe(true)
  })
})
