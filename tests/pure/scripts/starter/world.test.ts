import { describe, expect, test } from 'vitest'
import {
  byteSymbols,
  learnMerges,
  tokenizerConfigJson,
  tokenizerJson
} from '../../../../scripts/starter/byte-pairs'
import { drawCard, isHeldOut, promptOf, values } from '../../../../scripts/starter/world'
import { careless, praises, writeAnswer } from '../../../../scripts/starter/writer'
import { readCard, truthOf } from '../../../../src/app/demo/truth'
import { chance } from '../../../../src/pipeline/optimise/chance'
import { openTokenizer } from '../../../../src/tokens/tokenizer'

const cards = (count: number, heldOut: boolean) => {
  const draws = chance(1, 'text')
  return Array.from({ length: count }, () => drawCard(draws, heldOut))
}

describe('the world of the starter model', () => {
  test('has far more than 2,000 cards, and its prompts say every fact', () => {
    expect(Object.values(values).reduce((product, list) => product * list.length, 1)).toBeGreaterThan(2000)
    for (const card of cards(50, false)) expect(readCard(promptOf(card))).toEqual(card)
  })

  test('keeps a fifth of the bridges for evaluation, and the two sides share none', () => {
    expect(values.name.filter(isHeldOut)).toHaveLength(values.name.length / 5)
    expect(cards(300, true).every(({ name }) => isHeldOut(name))).toBe(true)
    expect(cards(300, false).some(({ name }) => isHeldOut(name))).toBe(false)
  })

  test('a careful writer is all true; a careless one errs as often as its habits say', () => {
    const draws = chance(2, 'text')
    const careful = { facts: {}, praiseLast: 0, praiseEarlier: 0 }
    const some = cards(400, false)
    for (const card of some) expect(truthOf(card, writeAnswer(card, draws, careful)).score).toBe(1)
    const truths = some.map((card) => truthOf(card, writeAnswer(card, draws)))
    const mean = (key: 'wrong' | 'unsupported') =>
      truths.reduce((sum, truth) => sum + truth[key], 0) / some.length
    expect(mean('unsupported')).toBeCloseTo(careless.praiseLast + careless.praiseEarlier, 0)
    const habits = Object.values(careless.facts).reduce((sum, rate) => sum + rate, 0)
    // A habit is right now and then: about one card in ten says what the writer is used to.
    expect(mean('wrong')).toBeGreaterThan(0.85 * habits)
    expect(mean('wrong')).toBeLessThan(habits)
  })

  test('praise is never on a card', () => {
    const [card] = cards(1, false)
    for (const praise of praises) expect(truthOf(card, praise)).toMatchObject({ right: 0, unsupported: 1 })
  })
})

describe('the tokenizer made from its texts', () => {
  const [card] = cards(1, false)
  const merges = learnMerges(
    cards(200, false).map((each) => `${promptOf(each)}${writeAnswer(each, chance(3, 'text'))}`),
    300
  )

  test('learns the commonest neighbours first', () => {
    expect(learnMerges(['abab ab', 'ab'], 1)).toEqual([['a', 'b']])
    expect(learnMerges(['aaa'], 5)).toEqual([
      ['a', 'a'],
      ['aa', 'a']
    ])
  })

  test('has a token for every byte and gives any text back', () => {
    expect(new Set(byteSymbols()).size).toBe(256)
    const tokenizer = openTokenizer(tokenizerJson(merges), tokenizerConfigJson)
    expect(tokenizer.vocabularySize).toBe(2 + 256 + merges.length)
    for (const text of [promptOf(card), 'Zürich, 3 bridges\r\n\tand 桥 🌉', ''])
      expect(tokenizer.decode(tokenizer.encode(text))).toBe(text)
  })
})
