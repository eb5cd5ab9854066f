import fc from 'fast-check'
import { expect, it } from 'vitest'
import { layCards } from '../../../../src/renderer/src/views/annotate/margin-layout'

const wishes = fc
  .array(fc.record({ top: fc.nat(600), height: fc.integer({ min: 20, max: 120 }) }), { maxLength: 20 })
  .map((list) => [...list].sort((a, b) => a.top - b.top))

it('puts cards that have room at their marks', () => {
  expect(
    layCards(
      [
        { top: 0, height: 40 },
        { top: 100, height: 40 }
      ],
      -1,
      8
    )
  ).toEqual([0, 100])
})

it('puts the active card at its mark and moves the others away', () => {
  const close = [100, 104, 108].map((top) => ({ top, height: 40 }))
  expect(layCards(close, 1, 8)).toEqual([56, 104, 152])
})

it('never lets cards touch, leave the top or change their order', () => {
  fc.assert(
    fc.property(wishes, fc.integer({ min: -1, max: 19 }), (list, wanted) => {
      const active = Math.min(wanted, list.length - 1)
      const tops = layCards(list, active, 6)
      tops.forEach((top, place) => {
        expect(top).toBeGreaterThanOrEqual(0)
        if (place > 0) expect(top).toBeGreaterThanOrEqual(tops[place - 1] + list[place - 1].height + 6)
      })
      // The active card is at its mark wherever the cards before it fit above.
      const above = list.slice(0, Math.max(0, active)).reduce((sum, { height }) => sum + height + 6, 0)
      if (active >= 0 && list[active].top >= above) expect(tops[active]).toBe(list[active].top)
    })
  )
})
