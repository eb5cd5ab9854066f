import { describe, expect, test } from 'vitest'
import { noteBatch } from '../../../scripts/critic-base/note-batch'
import { drawNote, type Note } from '../../../scripts/critic-base/notes'
import { baseTokenizer } from '../../../scripts/critic-base/tokenizer'
import { taskExamples } from '../../../scripts/critic-task/examples'
import { pools, splits } from '../../../scripts/critic-task/world'
import { chance } from '../../../src/pipeline/optimise/chance'

const { tokenizer, words } = baseTokenizer(320)
const notes = (count: number, seed = 1): Note[] =>
  Array.from({ length: count }, (_, row) => drawNote(words, chance(seed, 'text', 0, row)))
const textOf = ({ said, written }: Note): string => said + written.map(([text]) => text).join('')
const wordsOf = (text: string): string[] => text.match(/[A-Za-z]+|\d+/g) ?? []
const isCompared = ({ written }: Note): boolean => written.some(([text]) => text === ' right' || text === ' wrong')

describe('the base of the critic that writes', () => {
  test('has every value of the task as one token, with the space before it', () => {
    for (const split of splits)
      for (const { spans } of taskExamples(1, split, 100))
        for (const { quote } of spans)
          expect(tokenizer.encode(` ${quote}`)).toHaveLength(quote.split(' ').length)
  })

  test('writes down values that stand before them', () => {
    for (const { said, written } of notes(300))
      for (const [text, weight] of written)
        for (const value of weight > 0 ? (text.match(/(?<= )[A-Z\d]\w+|(?<= )[a-z]{4,}/g) ?? []) : [])
          if (value !== 'right' && value !== 'wrong') expect(said).toContain(value)
  })

  test('compares made-up values, some alike and some not, and none that the task has', () => {
    const compared = notes(1500).filter(isCompared)
    expect(compared.length).toBeGreaterThan(400)
    const read = new Set(compared.flatMap((note) => wordsOf(textOf(note))))
    const values = new Set(compared.flatMap(({ written }) => written.flatMap(([text]) => wordsOf(text))))
    for (const split of splits)
      for (const fact of ['name', 'river', 'year', 'material', 'length', 'colour'] as const)
        for (const value of pools(split)[fact].flatMap((text) => text.split(' ')))
          expect(values).not.toContain(value)
    for (const word of ['crosses', 'built', 'painted']) expect(read).not.toContain(word)
    for (const { written } of compared)
      for (const [place, [text]] of written.entries()) {
        const [, card, told] = /: (.*), (.*)/.exec(text) ?? []
        if (card !== undefined) expect(written[place + 1][0]).toBe(card === told ? ' right' : ' wrong')
      }
  })

  test('learns what is written, by its weight, and nothing of what is said', () => {
    const length = 152
    const some = notes(100)
    const { ids, mask } = noteBatch(tokenizer, some, length)
    some.forEach(({ written }, row) => {
      const tokens = [...ids.subarray(row * length, (row + 1) * length)].map(Number)
      const weights = [0, ...mask.subarray(row * length, (row + 1) * length)].slice(0, length)
      const first = tokens.indexOf(tokenizer.eos ?? 1) + 1
      expect(weights.slice(0, first).every((weight) => weight === 0)).toBe(true)
      const expected = written.flatMap(([text, weight]) => tokenizer.encode(text).map((id) => [id, weight]))
      expect(tokens.map((id, at) => [id, weights[at]]).slice(first, first + expected.length)).toEqual(expected)
    })
  })

  test('reads the same notes again from the same seed', () => {
    expect(notes(20)).toEqual(notes(20))
    expect(notes(20)).not.toEqual(notes(20, 2))
  })
})
