import type { SupervisedBatch } from '../../src/engine/rl/supervised-step'
import { chance, type Chance } from '../../src/pipeline/optimise/chance'
import type { PolicyTokenizer } from '../../src/tokens/tokenizer'
import { labels, ordinals } from '../critic-task/every-fact'
import { drawSentences, unjudgedSizes } from '../critic-task/sentences'
import { stateFacts, type Values } from '../critic-task/writer'
import { pick, type Card, type Fact } from '../starter/world'

/**
 * What the base learns to read from: something is said, and then each value by its label. Values are any words at all,
 * real and made up, so that nothing but what was said tells which; nobody judges anything.
 */
export interface NoteShape {
  readonly rows: number
  readonly length: number
  /** Lines of a card, at most. */
  readonly lines: number
  /** Share of notes whose values are said in sentences, and not in the lines of a card. */
  readonly told: number
}

interface Language {
  readonly tokenizer: PolicyTokenizer
  readonly words: readonly string[]
}

/** A text, and after it what is learnt. */
interface Note {
  readonly said: string
  readonly values: readonly (readonly [label: string, value: string])[]
}

const fewest = 2
const facts = Object.keys(labels) as Fact[]
const [few, all] = [Object.values(labels), [...Object.values(labels), ...ordinals]]

/** The notes of a step: a function of the seed and the step. */
export function noteBatch(
  { tokenizer, words }: Language,
  { rows, length, lines, told }: NoteShape,
  at: { readonly seed: number; readonly step: number }
): SupervisedBatch {
  const ids = new BigInt64Array(rows * length)
  const mask = new Float32Array(rows * length)
  for (let row = 0; row < rows; row++) {
    const draws = chance(at.seed, 'text', at.step, row)
    const isTold = draws.uniform() < told
    const { said, values } = isTold ? sentencesOf(words, draws) : linesOf(words, lines, draws)
    const tokens = [tokenizer.bos ?? 0, ...tokenizer.encode(said), tokenizer.eos ?? 1]
    for (const [label, value] of values) {
      tokens.push(...tokenizer.encode('/'))
      // Sentences tell in which order the values come; a card does not.
      if (isTold) mask[row * length + tokens.length - 1] = 1
      tokens.push(...tokenizer.encode(`${label}:`))
      for (const id of tokenizer.encode(` ${value}`)) {
        mask[row * length + tokens.length - 1] = 1
        tokens.push(id)
      }
    }
    if (tokens.length > length)
      throw new RangeError(`A note of ${tokens.length} tokens does not fit ${length}.`)
    tokens.forEach((id, place) => (ids[row * length + place] = BigInt(id)))
  }
  return { ids, mask }
}

function linesOf(words: readonly string[], most: number, chance: Chance): Note {
  const count = fewest + chance.integer(most - fewest + 1)
  const values = chance
    .shuffle(most > 3 ? all : few)
    .slice(0, count)
    .map((label) => [label, pick(words, chance)] as const)
  return {
    said: values.map(([label, value]) => `\n${label}: ${value}`).join(''),
    values: chance.shuffle(values)
  }
}

function sentencesOf(words: readonly string[], chance: Chance): Note {
  const drawn = facts.map((fact) => [
    fact,
    fact === 'name' ? `${pick(words, chance)} ${pick(words, chance)}` : pick(words, chance)
  ])
  const card = Object.fromEntries(drawn) as unknown as Card
  const { text, claims } = stateFacts(
    drawSentences(chance, unjudgedSizes).join(' '),
    card,
    nothing,
    chance,
    null
  )
  return { said: text, values: claims.map(({ fact, value }) => [labels[fact], value]) }
}

/** No mistakes are made. */
const nothing = Object.fromEntries(facts.map((fact) => [fact, []])) as unknown as Values
