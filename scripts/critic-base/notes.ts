import type { Chance } from '../../src/pipeline/optimise/chance'
import { replyOf } from '../../src/jobs/critic/generative/learner'
import { freshExample } from '../critic-task/examples'
import { labels, ordinals } from '../critic-task/every-fact'
import { freshAnswer } from '../critic-task/fresh'
import { drawSentences } from '../critic-task/sentences'
import { stateFacts, type Values } from '../critic-task/writer'
import { pick, promptOf, type Card, type Fact } from '../starter/world'

/**
 * What the base learns to read from: something is said, and then it is written down value by value. Values have no
 * sense, so that nothing but what was said tells which.
 */
export interface Note {
  readonly said: string
  readonly written: readonly Piece[]
  /** The end is learnt as well. */
  readonly ends?: true
}

/** What a token of the text counts for in the loss; 0: it is read alone. */
export type Piece = readonly [text: string, weight: number]

/**
 * The kinds of notes, each with how much of it is written at most, in tokens. They are learnt together: sentences teach
 * copying, without which lines were not learnt for most seeds, however long they were all that there was; and what is
 * learnt of comparisons is kept in replies.
 */
export const kinds: readonly NoteKind[] = [
  { most: 8, draw: linesNote },
  { most: 30, draw: sentencesNote },
  { most: 50, draw: comparedNote },
  { most: 200, draw: replyNote }
]

export interface NoteKind {
  readonly most: number
  /** @param words any at all, real and made up, but small ones */
  draw(chance: Chance, words: readonly string[]): Note
}

/** Of a card, by its label: a line for each value, in no order. */
function linesNote(chance: Chance, words: readonly string[]): Note {
  const values = chance
    .shuffle([...Object.values(labels), ...ordinals])
    .slice(0, fewest + chance.integer(most - fewest + 1))
    .map((label) => [label, pick(words, chance)] as const)
  return {
    said: values.map(([label, value]) => `\n${label}: ${value}`).join(''),
    written: chance.shuffle(values).flatMap(([label, value]): Piece[] => [
      [`/${label}:`, 0],
      [` ${value}`, 1]
    ])
  }
}
const [fewest, most] = [2, 6]

/** Of sentences, in their order, with their labels. */
function sentencesNote(chance: Chance, words: readonly string[]): Note {
  const drawn = facts.map((fact) => [
    fact,
    fact === 'name' ? `${pick(words, chance)} ${pick(words, chance)}` : pick(words, chance)
  ])
  const card = Object.fromEntries(drawn) as unknown as Card
  const pattern = drawSentences(chance).join(' ')
  const { text, claims } = stateFacts(pattern, card, nothing, chance, null)
  return { said: text, written: claims.map(({ fact, value }) => [`/${labels[fact]}: ${value}`, 1]) }
}
const facts = Object.keys(labels) as Fact[]
/** No mistakes are made. */
const nothing = Object.fromEntries(facts.map((fact) => [fact, []])) as unknown as Values

/** What a comparison counts for: one token among some six that are merely looked up. */
const comparison = 4

/**
 * Of a card and of sentences that differ from it, side by side, and whether they are alike. Values and most words are
 * made up, here: none that the critics' task has is ever compared.
 */
function comparedNote(chance: Chance): Note {
  const { card, text, claims } = freshAnswer(chance, 'plain')
  return {
    said: `${promptOf(card)}\n\n${text}`,
    written: claims.flatMap(({ fact, value }): Piece[] => [
      [`/${labels[fact]}: ${card[fact]}, ${value}`, 1],
      [value === card[fact] ? ' right' : ' wrong', comparison]
    ])
  }
}

/** A critic's reply to a made-up answer about a made-up card. */
function replyNote(chance: Chance): Note {
  const { prompt, response, critique, spans } = freshExample(chance)
  const reply = replyOf({ response, critique, spans: [...spans] }, 'verbatim')
  return {
    said: `${prompt}\n\n${response}`,
    written: reply.split(verdict).map((text) => [text, verdict.test(text) ? comparison : 1]),
    ends: true
  }
}
const verdict = /( (?:right|wrong)\b)/
