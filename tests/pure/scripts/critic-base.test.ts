import { describe, expect, test } from 'vitest'
import { dealWords } from '../../../scripts/critic-base/dealt-words'
import { noteBatch } from '../../../scripts/critic-base/note-batch'
import { kinds, type Note } from '../../../scripts/critic-base/notes'
import { baseTokenizer } from '../../../scripts/critic-base/tokenizer'
import { taskExamples } from '../../../scripts/critic-task/examples'
import { pools, splits } from '../../../scripts/critic-task/world'
import { float32, type HostTensor } from '../../../src/engine/graph'
import { chance } from '../../../src/pipeline/optimise/chance'

const { tokenizer, words } = baseTokenizer(320)
const notes = (count: number, seed = 1): Note[] =>
  Array.from({ length: count }, (_, row) =>
    kinds[row % kinds.length].draw(chance(seed, 'text', 0, row), words)
  )
const textOf = ({ said, written }: Note): string => said + written.map(([text]) => text).join('')
const wordsOf = (text: string): string[] => text.match(/[A-Za-z]+|\d+/g) ?? []
const isCompared = ({ written }: Note): boolean =>
  written.some(([text]) => text === ' right' || text === ' wrong')

describe('the base of the critic that writes', () => {
  test('has every value of the task as one token, with the space before it', () => {
    for (const split of splits)
      for (const { spans } of taskExamples(1, split, 100))
        for (const { quote } of spans)
          expect(tokenizer.encode(` ${quote}`)).toHaveLength(quote.split(' ').length)
  })

  test('writes down values that stand before them', () => {
    for (const { said, written } of notes(300).filter(({ ends }) => !ends))
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
        const [, card, told] = /: ([^:/]*), ([^:/,]*)$/.exec(text) ?? []
        if (card !== undefined) expect(written[place + 1][0]).toBe(card === told ? ' right' : ' wrong')
      }
  })

  test('learns what is written, by its weight, and nothing of what is said', () => {
    const length = 320
    const some = notes(100)
    const { ids, mask } = noteBatch(tokenizer, some, length)
    some.forEach(({ written, ends }, row) => {
      const tokens = [...ids.subarray(row * length, (row + 1) * length)].map(Number)
      const weights = [0, ...mask.subarray(row * length, (row + 1) * length)].slice(0, length)
      const first = tokens.indexOf(tokenizer.eos ?? 1) + 1
      expect(weights.slice(0, first).every((weight) => weight === 0)).toBe(true)
      const expected = written.flatMap(([text, weight]) => tokenizer.encode(text).map((id) => [id, weight]))
      if (ends) expected.push([tokenizer.eos ?? 1, 1])
      expect(tokens.map((id, at) => [id, weights[at]]).slice(first, first + expected.length)).toEqual(
        expected
      )
    })
  })

  test('a note has no more to learn than its kind may have', () => {
    kinds.forEach(({ most, draw }, kind) => {
      for (let n = 0; n < 500; n++) {
        const { mask } = noteBatch(tokenizer, [draw(chance(2, 'text', kind, n), words)], 320)
        expect(mask.filter((weight) => weight > 0).length).toBeLessThanOrEqual(most)
      }
    })
  })

  test('words exchange their vectors, and nothing else does', () => {
    const embedding = float32(
      [6, 2],
      Float32Array.from({ length: 12 }, (_, at) => at)
    )
    const rowsOf = ({ data }: HostTensor): number[][] =>
      [0, 1, 2, 3, 4, 5].map((row) => [...(data as Float32Array).subarray(row * 2, row * 2 + 2)])
    const dealt = rowsOf(dealWords(embedding, [1, 3, 4, 5], chance(1, 'parameters', 1)))
    expect(dealt[0]).toEqual([0, 1])
    expect(dealt[2]).toEqual([4, 5])
    expect(dealt).not.toEqual(rowsOf(embedding))
    expect([...dealt].sort(([a], [b]) => a - b)).toEqual(rowsOf(embedding))
  })

  test('reads the same notes again from the same seed', () => {
    expect(notes(20)).toEqual(notes(20))
    expect(notes(20)).not.toEqual(notes(20, 2))
  })
})
