import { chance, type Chance } from '../../src/pipeline/optimise/chance'
import { promptOf, type Card } from '../starter/world'
import { everyFact, numberedReason } from './every-fact'
import { freshAnswer } from './fresh'
import { drawCard, type Split } from './world'
import { writeAnswer, type Answer, type Claim, type Difficulty } from './writer'

export interface JudgedAnswer {
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

export interface TaskExample extends JudgedAnswer {
  readonly id: string
  readonly split: Split
}

/** `mistakes`: a critique names what is wrong. `every-fact`: it goes through all that is said, in its order. */
export type Manner = 'mistakes' | 'every-fact'

export interface TaskOptions {
  readonly difficulty?: Difficulty
  readonly manner?: Manner
}

const places: Readonly<Record<Split, number>> = { train: 0, dev: 1, test: 2 }

/** The n-th example of a side of the split: a function of the seed. */
export function taskExample(
  seed: number,
  split: Split,
  n: number,
  { difficulty = 'plain', manner = 'mistakes' }: TaskOptions = {}
): TaskExample {
  const draws = chance(seed, 'text', places[split], n)
  const card = drawCard(split, draws)
  const answer = writeAnswer(card, split, draws, difficulty)
  return { id: `${split}-${n}`, split, ...judged(card, answer, manner) }
}

/** An example as the task has it, but with a card and sentences that are made up; of no side of the split. */
export function freshExample(
  chance: Chance,
  { difficulty = 'plain', manner = 'every-fact' }: TaskOptions = {}
): JudgedAnswer {
  const { card, ...answer } = freshAnswer(chance, difficulty)
  return judged(card, answer, manner)
}

function judged(card: Card, answer: Answer, manner: Manner): JudgedAnswer {
  const { text: response, claims } = answer
  const wrong = claims.filter((claim) => !isRight(card, claim))
  const { critiqueOf, reasonOf } = manners[manner]
  return {
    ...{ prompt: promptOf(card), response },
    critique: critiqueOf(card, claims),
    spans: wrong.map((claim, n) => ({
      start: claim.start,
      end: claim.end,
      quote: claim.value,
      polarity: 'poor',
      reason: reasonOf(card, claim, n, wrong.length)
    }))
  }
}

interface Words {
  critiqueOf(card: Card, claims: readonly Claim[]): string
  /** `n` from 0, of `count` mistakes. */
  reasonOf(card: Card, claim: Claim, n: number, count: number): string
}

const isRight = (card: Card, { fact, value }: Claim): boolean => card[fact] === value

const reasonOf: Words['reasonOf'] = (card, { fact, value }) =>
  `${card[fact]} on the card and ${value} in the answer`

const manners: Readonly<Record<Manner, Words>> = {
  mistakes: {
    critiqueOf: (card, claims) => {
      const wrong = claims.filter((claim) => !isRight(card, claim))
      if (wrong.length === 0) return 'Everything is as on the card.'
      return wrong.map((claim) => `The ${claim.fact} is ${reasonOf(card, claim, 0, 0)}.`).join(' ')
    },
    reasonOf
  },
  'every-fact': { critiqueOf: everyFact, reasonOf: numberedReason }
}

export const taskExamples = (
  seed: number,
  split: Split,
  count: number,
  options: TaskOptions = {}
): TaskExample[] => Array.from({ length: count }, (_, n) => taskExample(seed, split, n, options))
