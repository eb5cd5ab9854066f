import type { Chance } from '../../src/pipeline/optimise/chance'
import { pick, values, type Card, type Fact } from '../starter/world'
import { inventedNumbers, inventedWords } from './invented'
import { capital, drawSentences } from './sentences'
import { carelessness, stateFacts, type Answer, type Difficulty, type Values } from './writer'

const capitals = inventedWords.map(capital)

/** How often a value is of the kind that its fact has on real cards: a year is a number. */
const kindness = 0.5
/** How often a wrong name has a word of the right one. */
const likeness = 0.25

/**
 * An answer about a bridge whose card is made up from its first value to its last, in sentences that are made up too:
 * no two are alike, and nothing in them can be known by heart.
 */
export function freshAnswer(chance: Chance, difficulty: Difficulty): Answer & { readonly card: Card } {
  const taken = new Set<string>()
  const draw = (from: readonly string[]): string => {
    for (;;) {
      const word = pick(from, chance)
      if (taken.has(word.toLowerCase())) continue
      taken.add(word.toLowerCase())
      return word
    }
  }
  const kinds = [capitals, inventedWords, inventedNumbers]
  const usual = { name: 0, river: 0, year: 2, material: 1, length: 2, colour: 1 } as const
  const value = (fact: Fact): string =>
    draw(kinds[chance.uniform() < kindness ? usual[fact] : chance.integer(kinds.length)])
  const facts = Object.keys(values) as Facts
  const card = Object.fromEntries(
    facts.map((fact) => [fact, fact === 'name' ? `${draw(capitals)} ${draw(capitals)}` : value(fact)])
  ) as unknown as Card
  const [first, last] = card.name.split(' ')
  const alike = chance.uniform() < likeness
  const otherName = alike
    ? pick([`${first} ${draw(capitals)}`, `${draw(capitals)} ${last}`], chance)
    : `${draw(capitals)} ${draw(capitals)}`
  const others = Object.fromEntries(
    facts.map((fact) => [fact, [fact === 'name' ? otherName : value(fact)]])
  ) as unknown as Values
  const careful = chance.uniform() < carelessness.faultless
  const pattern = drawSentences(chance).join(' ')
  return { card, ...stateFacts(pattern, card, others, chance, careful ? null : difficulty) }
}

type Facts = Fact[]
