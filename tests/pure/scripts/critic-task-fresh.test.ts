import { describe, expect, test } from 'vitest'
import {
  freshExample,
  taskExamples,
  type JudgedAnswer,
  type TaskExample
} from '../../../scripts/critic-task/examples'
import { pools } from '../../../scripts/critic-task/world'
import { chance } from '../../../src/pipeline/optimise/chance'
import { inventedNumbers, inventedWords } from '../../../scripts/critic-task/invented'

const fresh = (count: number, difficulty: 'plain' | 'hard' = 'plain'): JudgedAnswer[] =>
  Array.from({ length: count }, (_, n) => freshExample(chance(1, 'text', 0, n), { difficulty }))
const everyFact = (count: number): TaskExample[] => taskExamples(1, 'test', count, { manner: 'every-fact' })
const wordsOf = (text: string): string[] => text.match(/[A-Za-z]+|\d+/g) ?? []

describe('a training without end', () => {
  test('no value of dev or test, and no word of the test’s sentences that training lacks, is in it', () => {
    const read = new Set(
      fresh(2000).flatMap(({ prompt, response, critique }) => wordsOf(prompt + response + critique))
    )
    for (const split of ['dev', 'test'] as const)
      for (const fact of ['river', 'year', 'material', 'length', 'colour'] as const)
        for (const value of pools(split)[fact]) expect(read).not.toContain(value)
    for (const word of ['crosses', 'built', 'painted']) expect(read).not.toContain(word)
  })

  test('no sentence of the test is in it, whatever stands for the words that it lacks', () => {
    const skeletons = [/^It was \w+ of \w+ in \w+$/, /^It is \w+ metres \w+ and (?!in |from |since )\w+ \w+$/]
    const sentences = fresh(2000).flatMap(({ response }) => response.split('.').map((one) => one.trim()))
    for (const skeleton of skeletons) expect(sentences.filter((one) => skeleton.test(one))).toEqual([])
  })

  test('no card comes twice, and made-up words are none of the task', () => {
    const cards = fresh(1000).map(({ prompt }) => prompt)
    expect(new Set(cards).size).toBe(1000)
    expect(new Set([...inventedWords, ...inventedNumbers]).size).toBe(570)
  })

  test('about as much is wrong as in the task, and is where it says it is', () => {
    const mistakes = (examples: readonly JudgedAnswer[]): number =>
      examples.flatMap(({ spans }) => spans).length / examples.length
    expect(Math.abs(mistakes(fresh(2000)) - mistakes(taskExamples(1, 'train', 2000)))).toBeLessThan(0.1)
    for (const difficulty of ['plain', 'hard'] as const)
      for (const { prompt, response, spans } of fresh(300, difficulty))
        for (const { start, end, quote } of spans) {
          expect(response.slice(start, end)).toBe(quote)
          if (difficulty === 'plain') expect(prompt.split(/\n\w+: /)).not.toContain(quote)
        }
  })
})

describe('a critique of every fact', () => {
  test('says what card and answer have, in the order of the answer, and numbers the mistakes', () => {
    const [{ critique, spans }] = everyFact(1)
    expect(critique).toBe(
      'Name: Low Station, Low Station right/River: Derrin, Tamar wrong/first: Tamar/' +
        'Material: marble, marble right/Built: 1943, 1943 right/Length: 200, 440 wrong/second: 440/' +
        'Colour: white, white right/in all two'
    )
    expect(spans.map(({ quote, reason }) => [quote, reason])).toEqual([
      ['Tamar', 'first of two/River: Derrin'],
      ['440', 'second of two/Length: 200']
    ])
  })

  test('changes nothing of prompts, answers and marks', () => {
    const placesOf = (examples: readonly TaskExample[]) =>
      examples.map(({ prompt, response, spans }) => [
        prompt,
        response,
        spans.map(({ start, end }) => [start, end])
      ])
    expect(placesOf(everyFact(100))).toEqual(placesOf(taskExamples(1, 'test', 100)))
  })
})
