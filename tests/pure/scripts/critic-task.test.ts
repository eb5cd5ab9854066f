import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { lookupF1 } from '../../../bench/critic/lookup'
import { taskExamples } from '../../../scripts/critic-task/examples'
import { pools, splits } from '../../../scripts/critic-task/world'
import { wordOffsets } from '../../../src/pipeline/reward/critic-quality/answer'

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

  test('the hard task has half of its wrong values from elsewhere on the card, and the plain one none', () => {
    const shareOnCard = (difficulty: 'plain' | 'hard'): number => {
      const wrong = taskExamples(1, 'train', 600, { difficulty }).flatMap(({ prompt, response, spans }) =>
        spans.map(({ start, end, quote }) => {
          expect(response.slice(start, end)).toBe(quote)
          return prompt.includes(`: ${quote}`)
        })
      )
      return wrong.filter(Boolean).length / wrong.length
    }
    expect(shareOnCard('plain')).toBe(0)
    expect(Math.abs(shareOnCard('hard') - 0.5)).toBeLessThan(0.08)
  })

  test('words that the prompt lacks are not yet mistakes', () => {
    const test = taskExamples(1, 'test', 60)
    const gold = test.map(({ id, response, spans, critique }) => ({
      ...{ responseId: id, documentId: id, text: response, offsets: wordOffsets(response) },
      people: [{ person: 'script', critique, spans }]
    }))
    const pairs = test.map((one, index) => [one, gold[index]] as const)
    const { absent, unheard } = lookupF1(pairs, taskExamples(1, 'train', 300))
    expect(absent).toBeGreaterThan(0.2)
    expect(absent).toBeLessThan(0.6)
    expect(unheard).toBeGreaterThan(absent ?? 1)
    // A word of the test's sentences that no answer of the training has looks like a wrong value.
    expect(unheard).toBeLessThan(1)
  })

  test('the plain task is what it has always been', () => {
    const made = JSON.stringify(splits.map((split) => taskExamples(1, split, 200)))
    expect(createHash('sha256').update(made).digest('hex').slice(0, 16)).toBe('b644243a30e5fc1f')
  })

  test('a seed makes the same task again', () => {
    expect(taskExamples(3, 'dev', 5)).toEqual(taskExamples(3, 'dev', 5))
    expect(taskExamples(3, 'dev', 5)).not.toEqual(taskExamples(4, 'dev', 5))
  })
})
