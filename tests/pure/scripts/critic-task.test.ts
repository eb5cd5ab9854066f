import { describe, expect, test } from 'vitest'
import { taskExamples } from '../../../scripts/critic-task/examples'
import { pools, splits } from '../../../scripts/critic-task/world'

const facts = ['river', 'year', 'material', 'length', 'colour'] as const
const sentence = /[^.]+\./g

describe("the critics' task", () => {
  test('no value is on two sides, and no name of the test elsewhere', () => {
    for (const fact of facts) {
      const all = splits.flatMap((split) => pools(split)[fact])
      expect(new Set(all).size).toBe(all.length)
    }
    const seen = new Set([...pools('train').name, ...pools('dev').name])
    expect(pools('test').name.some((name) => seen.has(name))).toBe(false)
  })

  test('no sentence of the test, values aside, is one of the training', () => {
    const frames = (split: 'train' | 'test') => {
      const words = Object.values(pools(split)).flat()
      const known = new RegExp(words.map((word) => `\\b${word}\\b`).join('|'), 'g')
      return new Set(
        taskExamples(1, split, 300).flatMap(
          ({ response }) => response.replace(known, '$').match(sentence) ?? []
        )
      )
    }
    const trained = frames('train')
    expect(trained.size).toBeGreaterThan(3)
    for (const frame of frames('test')) expect(trained).not.toContain(frame)
  })

  test('what is marked is what the card does not say, and is where it says it is', () => {
    for (const { prompt, response, spans } of taskExamples(1, 'test', 200))
      for (const { start, end, quote } of spans) {
        expect(response.slice(start, end)).toBe(quote)
        expect(prompt.split(/\s+/)).not.toContain(quote)
      }
  })

  test('a value is as often right as any other: about a third of what is stated is wrong, by no word', () => {
    const examples = taskExamples(1, 'train', 1500)
    const wrongShare = (value: string): number => {
      const word = new RegExp(`\\b${value}\\b`)
      const stated = examples.filter(({ response }) => word.test(response))
      const wrong = stated.filter(({ spans }) => spans.some(({ quote }) => quote === value))
      return wrong.length / stated.length
    }
    for (const colour of pools('train').colour) {
      expect(wrongShare(colour)).toBeGreaterThan(0.2)
      expect(wrongShare(colour)).toBeLessThan(0.36)
    }
  })

  test('a seed makes the same task again', () => {
    expect(taskExamples(3, 'dev', 5)).toEqual(taskExamples(3, 'dev', 5))
    expect(taskExamples(3, 'dev', 5)).not.toEqual(taskExamples(4, 'dev', 5))
  })
})
