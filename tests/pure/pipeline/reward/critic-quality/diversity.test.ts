import { expect, test } from 'vitest'
import { inTurn } from '../../../../../src/pipeline/reward/critic-quality/diversity'
import { rankAnswers } from '../../../../../src/pipeline/reward/critic-quality/ranking'

const words = (count: number, name: string): string =>
  Array.from({ length: count }, (_, index) => `${name}${index}`).join(' ')

test('an answer like one before it waits, as counted by hand', () => {
  // Shingles: abc bcd; abc bcd cde (resemblance 2/3); three of another's own.
  const near = [
    { text: 'a b c d', worth: 0.9 },
    { text: 'A b c d e', worth: 0.8 },
    { text: 'v w x y z', worth: 0.3 }
  ]
  // 0.8 − 2/3 is less than 0.3.
  expect(inTurn(near)).toEqual([0, 2, 1])
  expect(inTurn([near[0], near[1], { ...near[2], worth: 0.1 }])).toEqual([0, 1, 2])
})

test('many copies of the worthiest answer keep nothing else from the front', () => {
  const copies = Array.from({ length: 1500 }, () => ({ text: words(20, 'same'), worth: 1 }))
  const others = Array.from({ length: 10 }, (_, index) => ({ text: words(20, `other${index}x`), worth: 0.1 }))
  const order = inTurn([...copies, ...others])
  expect(order[0]).toBeLessThan(1500)
  expect(order.slice(1, 11)).toEqual(others.map((_, index) => 1500 + index))
  expect([...order].sort((a, b) => a - b)).toEqual([...order.keys()])
})

test('of 100,000 answers the first are unlike each other, the rest go by worth', () => {
  const answers = Array.from({ length: 100_000 }, (_, index) => ({
    // Ten of a kind, next to each other in worth.
    text: `${words(5, `kind${Math.floor(index / 10)}x`)} and ${index}`,
    worth: 1 - index / 100_000
  }))
  const order = inTurn(answers)
  const kinds = order.slice(0, 100).map((place) => Math.floor(place / 10))
  expect(new Set(kinds).size).toBe(100)
  const rest = order.slice(200)
  expect(rest).toEqual([...rest].sort((a, b) => a - b))
  expect(new Set(order).size).toBe(answers.length)
})

test('copies follow by worth, in whatever order they came', () => {
  expect(inTurn([0.2, 0.9, 0.1, 0.5].map((worth) => ({ text: 'the same words', worth })))).toEqual([
    1, 3, 0, 2
  ])
})

test('empty answers, and none', () => {
  expect(inTurn([])).toEqual([])
  expect(inTurn(['', ' ', 'a'].map((text) => ({ text, worth: 0 })))).toEqual([0, 2, 1])
})

test('only what nobody has read has its turn', () => {
  const answer = (responseId: string, text: string, people: [] | null) => ({
    responseId,
    text,
    people,
    critics: [[]]
  })
  const ranked = rankAnswers([
    answer('read', 'a b c', []),
    answer('new', 'd e f g h', null),
    answer('again', 'd e f g h i', null),
    answer('else', 'a b d k', null)
  ])
  expect(ranked.map(({ responseId, turn }) => [responseId, turn])).toEqual([
    ['read', null],
    ['new', 0],
    ['again', 2],
    ['else', 1]
  ])
})
