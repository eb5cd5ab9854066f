import { describe, expect, test } from 'vitest'
import { noteBatch } from '../../../scripts/critic-base/notes'
import { baseTokenizer } from '../../../scripts/critic-base/tokenizer'
import { taskExamples } from '../../../scripts/critic-task/examples'

const language = baseTokenizer(320)
const { tokenizer } = language
const shape = { rows: 64, length: 76, lines: 6, told: 0.5 }
const at = { seed: 1, step: 0 }

describe('the base of the critic that writes', () => {
  test('has every value of the task as one token, with the space before it', () => {
    for (const split of ['train', 'dev', 'test'] as const)
      for (const { spans } of taskExamples(1, split, 100))
        for (const { quote } of spans)
          expect(tokenizer.encode(` ${quote}`)).toHaveLength(quote.split(' ').length)
  })

  test('learns values that stand before them, and labels of what was told; nothing is judged', () => {
    const { ids, mask } = noteBatch(language, shape, at)
    for (let row = 0; row < shape.rows; row++) {
      const tokens = [...ids.subarray(row * shape.length, (row + 1) * shape.length)].map(Number)
      const learnt = tokens.filter((_, place) => place > 0 && mask[row * shape.length + place - 1] > 0)
      expect(learnt.length).toBeGreaterThan(1)
      expect(learnt.length).toBeLessThanOrEqual(16)
      const end = tokens.indexOf(tokenizer.eos ?? 1)
      for (const id of learnt) {
        const text = tokenizer.decode([id])
        if (text.startsWith(' ')) expect(tokens.slice(0, end)).toContain(id)
        else expect(['Name', 'River', 'Built', 'Material', 'Length', 'Colour']).toContain(text)
      }
    }
  })

  test('reads the same notes again from the same seed', () => {
    expect(noteBatch(language, shape, at)).toEqual(noteBatch(language, shape, at))
    expect(noteBatch(language, shape, at)).not.toEqual(noteBatch(language, shape, { seed: 2, step: 0 }))
  })
})
