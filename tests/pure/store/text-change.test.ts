import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyTextChange, inverseTextChange, textChange } from '../../../src/store/text-change'

const text = fc.string({ unit: fc.constantFrom('a', 'b', '😀', '😃', '\r', '\n'), maxLength: 12 })

describe('a change of a text', () => {
  it('leads from one text to the other and back', () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        const change = textChange(before, after)
        expect(applyTextChange(before, change)).toBe(after)
        expect(applyTextChange(after, inverseTextChange(change))).toBe(before)
        // written to the history and read again, halves of characters and all
        expect(JSON.parse(JSON.stringify(change))).toEqual(change)
      })
    )
  })

  it('is as small as what was typed', () => {
    expect(textChange('The rain.', 'The red rain.')).toEqual({ at: 5, removed: '', inserted: 'ed r' })
    expect(textChange('same', 'same')).toEqual({ at: 4, removed: '', inserted: '' })
  })

  it('does not fit another text', () => {
    expect(applyTextChange('other', textChange('The rain', 'The sun'))).toBeNull()
  })
})
