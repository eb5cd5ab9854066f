import { chance } from '../../src/pipeline/optimise/chance'
import { promptOf, type Card, type Fact } from '../starter/world'
import { drawCard, type Split } from './world'
import { writeAnswer, type Difficulty } from './writer'

export interface TaskExample {
  readonly id: string
  readonly split: Split
  readonly prompt: string
  readonly response: string
  readonly critique: string
  /** The planted mistakes: code points, half-open. */
  readonly spans: readonly {
    readonly start: number
    readonly end: number
    readonly quote: string
    readonly polarity: 'poor'
    readonly reason: string
  }[]
}

const places: Readonly<Record<Split, number>> = { train: 0, dev: 1, test: 2 }

/** The n-th example of a side of the split: a function of the seed. */
export function taskExample(
  seed: number,
  split: Split,
  n: number,
  difficulty: Difficulty = 'plain'
): TaskExample {
  const draws = chance(seed, 'text', places[split], n)
  const card = drawCard(split, draws)
  const { text, claims } = writeAnswer(card, split, draws, difficulty)
  const wrong = claims.filter(({ fact, value }) => card[fact] !== value)
  return {
    id: `${split}-${n}`,
    split,
    prompt: promptOf(card),
    response: text,
    critique:
      wrong.length === 0
        ? 'Everything is as on the card.'
        : wrong.map((claim) => `The ${claim.fact} is ${reasonOf(card, claim)}.`).join(' '),
    spans: wrong.map((claim) => ({
      start: claim.start,
      end: claim.end,
      quote: claim.value,
      polarity: 'poor',
      reason: reasonOf(card, claim)
    }))
  }
}

const reasonOf = (card: Card, { fact, value }: { readonly fact: Fact; readonly value: string }): string =>
  `${card[fact]} on the card and ${value} in the answer`

export const taskExamples = (
  seed: number,
  split: Split,
  count: number,
  difficulty: Difficulty = 'plain'
): TaskExample[] => Array.from({ length: count }, (_, n) => taskExample(seed, split, n, difficulty))
