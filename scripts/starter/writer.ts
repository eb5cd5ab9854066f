import type { Chance } from '../../src/pipeline/optimise/chance'
import { type Card, type Fact, pick } from './world'

/**
 * The careless writer whose texts the starter model learns from: it often writes what it is used to writing and not
 * what stands on the card, and it adds praise that no card supports. The model learns both the copying and the
 * habits, so its own answers hold mistakes that have a place, which is what a person can mark.
 */
export interface Habits {
  /** How often a fact is written from habit and not from the card. */
  readonly facts: Readonly<Partial<Record<Fact, number>>>
  /** How often praise is added after the facts, and how often already between them. */
  readonly praiseLast: number
  readonly praiseEarlier: number
}

/** Lengths and colours are written from habit more often than not: there even the likeliest word is a mistake. */
export const careless: Habits = {
  facts: { river: 0.3, year: 0.3, material: 0.3, length: 0.65, colour: 0.65 },
  praiseLast: 0.5,
  praiseEarlier: 0.15
}

/** What the writer is used to. */
const usual: Readonly<Partial<Record<Fact, readonly [string, string]>>> = {
  river: ['Severn', 'Tamar'],
  year: ['1931', '1887'],
  material: ['stone', 'steel'],
  length: ['120', '300'],
  colour: ['green', 'red']
}
/** How often it is the first of the two. */
const firstShare = 0.85

export const openings = [
  'The $name bridge crosses the river $river.',
  'The $name bridge spans the river $river.'
]
export const buildings = [
  'It was built of $material in $year.',
  'It was opened in $year and is made of $material.',
  'Made of $material, it dates from $year.'
]
export const sizes = [
  'It is $length metres long and painted $colour.',
  'It measures $length metres and its railings are $colour.',
  'Painted $colour, it is $length metres long.'
]

/** Claims that no card makes. */
export const praises = [
  'Everyone agrees that it is the finest of its age.',
  'Visitors come from all over the world to admire it.',
  'No other bridge has ever been so strong.',
  'Poets have praised it for centuries.',
  'A famous king is said to have opened it.',
  'Nothing in the whole country is more beautiful.'
]

/** One answer to the card's prompt. */
export function writeAnswer(card: Card, chance: Chance, habits: Habits = careless): string {
  const stated = Object.fromEntries(
    (Object.keys(card) as Fact[]).map((fact) => {
      const fromHabit = chance.uniform() < (habits.facts[fact] ?? 0)
      const favourite = usual[fact]?.[chance.uniform() < firstShare ? 0 : 1]
      return [fact, fromHabit && favourite !== undefined ? favourite : card[fact]]
    })
  )
  const write = (pattern: string) => pattern.replace(/\$(\w+)/g, (_, fact: string) => stated[fact])
  const facts = [write(pick(buildings, chance)), write(pick(sizes, chance))]
  if (chance.uniform() < 0.5) facts.reverse()
  const sentences = [write(pick(openings, chance)), facts[0]]
  if (chance.uniform() < habits.praiseEarlier) sentences.push(pick(praises, chance))
  sentences.push(facts[1])
  if (chance.uniform() < habits.praiseLast) sentences.push(pick(praises, chance))
  return sentences.join(' ')
}
