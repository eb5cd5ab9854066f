import { describe, expect, test } from 'vitest'
import { annotate, scriptedPerson } from '../../../../scripts/starter/annotator'
import type { Card } from '../../../../scripts/starter/world'
import { chance } from '../../../../src/pipeline/optimise/chance'

const card: Card = {
  name: 'Old Heron',
  river: 'Alder',
  year: '1931',
  material: 'stone',
  length: '240',
  colour: 'green'
}
const marksOf = (answer: string) => {
  const { spans, critique, person, status } = annotate(card, answer, chance(1, 'text'))
  expect([person, status]).toEqual([scriptedPerson, 'submitted'])
  for (const { start, end, quote } of spans) expect([...answer].slice(start, end).join('')).toBe(quote)
  const of = (polarity: string) =>
    spans.filter((span) => span.polarity === polarity).map(({ quote }) => quote)
  return { poor: of('poor'), good: of('good'), critique }
}
const right = 'The Old Heron bridge crosses the river Alder. It was built of stone in 1931.'

describe('the script that marks the sample', () => {
  test('leaves an answer without a mistake unmarked', () => {
    expect(marksOf(right)).toEqual({
      poor: [],
      good: [],
      critique: 'Everything is as on the card, and nothing is added.'
    })
  })

  test('marks a wrong fact by its words alone, and one right thing beside it', () => {
    const { poor, good, critique } = marksOf(right.replace('1931', '1887'))
    expect(poor).toEqual(['1887'])
    expect(good).toHaveLength(1)
    expect(['Old Heron', 'Alder', 'stone']).toContain(good[0])
    expect(critique).toBe('It gets the year (1887, on the card 1931) wrong.')
  })

  test('marks a whole sentence that no card supports', () => {
    const { poor, critique } = marksOf(`${right} Poets have praised it for centuries.`)
    expect(poor).toEqual(['Poets have praised it for centuries.'])
    expect(critique).toBe('The facts are as on the card. It adds a claim that nothing on the card supports.')
  })

  test('finds every kind of fact, each where it stands', () => {
    const { poor, good } = marksOf(
      'The Far Mill bridge spans the river Tamar. Made of steel, it dates from 1887. It is 120 metres long and painted red. It is'
    )
    expect(poor).toEqual(['Far Mill', 'Tamar', 'steel', '1887', '120', 'red', 'It is'])
    expect(good).toEqual([])
  })
})
