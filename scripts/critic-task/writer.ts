import type { Chance } from '../../src/pipeline/optimise/chance'
import { buildings, openings, sizes } from '../starter/writer'
import { pick, type Card, type Fact } from '../starter/world'
import { pools, type Split } from './world'

/** The first of each kind of sentence stands in answers of the test alone. */
const templates = (split: Split): readonly (readonly string[])[] =>
  [openings, buildings, sizes].map((list) => list.filter((_, index) => (index === 0) === (split === 'test')))

/** A value that an answer states; ASCII, so UTF-16 positions are code points. */
export interface Claim {
  readonly fact: Fact
  readonly value: string
  readonly start: number
  readonly end: number
}

export interface Answer {
  readonly text: string
  readonly claims: readonly Claim[]
}

/** Share of stated facts that are wrong, in answers that have any wrong, and of answers without a mistake. */
export const carelessness = { wrong: 0.35, faultless: 0.2 } as const

/** `plain`: a wrong value stands nowhere on the card. `hard`: half of them are another fact of the same card. */
export type Difficulty = 'plain' | 'hard'

/** The values of each fact that a wrong one is drawn from. */
export type Values = Readonly<Record<Fact, readonly string[]>>

/**
 * An answer about the bridge on a card, in which a script has planted mistakes: values of the right kind that the card
 * does not give. Right and wrong ones are drawn alike, so that no word tells which it is.
 */
export function writeAnswer(
  card: Card,
  split: Split,
  chance: Chance,
  difficulty: Difficulty = 'plain'
): Answer {
  const careful = chance.uniform() < carelessness.faultless
  const [first, ...others] = templates(split).map((list) => pick(list, chance))
  const pattern = [first, ...chance.shuffle(others)].join(' ')
  return stateFacts(pattern, card, pools(split), chance, careful ? null : difficulty)
}

/** A pattern with the card's values in it, some of them wrong unless the difficulty is null. */
export function stateFacts(
  pattern: string,
  card: Card,
  of: Values,
  chance: Chance,
  mistakes: Difficulty | null
): Answer {
  const claims: Claim[] = []
  let text = ''
  for (const [part, fact] of parts(pattern)) {
    text += part
    if (!fact) continue
    const wrong = mistakes !== null && chance.uniform() < carelessness.wrong
    const elsewhere = wrong && mistakes === 'hard' && chance.uniform() < 0.5
    const others = elsewhere ? Object.values<string>(card as Readonly<Record<Fact, string>>) : of[fact]
    const value = wrong
      ? pick(
          others.filter((one) => one !== card[fact]),
          chance
        )
      : card[fact]
    claims.push({ fact, value, start: text.length, end: text.length + value.length })
    text += value
  }
  return { text, claims }
}

/** A pattern as pieces of text, each with the fact that follows it. */
const parts = (pattern: string): (readonly [string, Fact | null])[] =>
  [...pattern.matchAll(/([^$]*)(?:\$(\w+))?/g)]
    .filter(([whole]) => whole !== '')
    .map(([, text, fact]) => [text, (fact as Fact | undefined) ?? null])
