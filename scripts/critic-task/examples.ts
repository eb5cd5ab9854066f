import { chance } from '../../src/pipeline/optimise/chance'
import { promptOf, type Card } from '../starter/world'
import { everyFact, numberedReason } from './every-fact'
import { freshAnswer, rewordedAnswer } from './fresh'
import { drawCard, type Split } from './world'
import { writeAnswer, type Answer, type Claim, type Difficulty } from './writer'

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

/** `mistakes`: a critique names what is wrong. `every-fact`: it goes through all that is said, in its order. */
export type Manner = 'mistakes' | 'every-fact'

/** What is made up for an answer of the training, and for it alone: its sentences, or its card as well. */
export type MadeUp = 'sentences' | 'everything'

export interface TaskOptions {
  readonly difficulty?: Difficulty
  readonly manner?: Manner
  readonly madeUp?: MadeUp
}

/** Where examples are drawn. */
const places: Readonly<Record<Split | MadeUp, number>> = {
  ...{ train: 0, dev: 1, test: 2 },
  ...{ everything: 3, sentences: 4 }
}
const writers = { sentences: rewordedAnswer, everything: freshAnswer }

/** The n-th example of a side of the split: a function of the seed. */
export function taskExample(
  seed: number,
  split: Split,
  n: number,
  { difficulty = 'plain', manner = 'mistakes', madeUp }: TaskOptions = {}
): TaskExample {
  const draws = chance(seed, 'text', places[madeUp ?? split], n)
  if (madeUp) {
    const { card, ...answer } = writers[madeUp](draws, difficulty)
    return exampleOf(`${split}-${madeUp}-${n}`, split, card, answer, manner)
  }
  const card = drawCard(split, draws)
  return exampleOf(`${split}-${n}`, split, card, writeAnswer(card, split, draws, difficulty), manner)
}

function exampleOf(id: string, split: Split, card: Card, answer: Answer, manner: Manner): TaskExample {
  const { text: response, claims } = answer
  const wrong = claims.filter((claim) => !isRight(card, claim))
  const { critiqueOf, reasonOf } = manners[manner]
  return {
    ...{ id, split, prompt: promptOf(card), response },
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
