import { chance } from '../../src/pipeline/optimise/chance'
import type { PolicyTokenizer } from '../../src/tokens/tokenizer'
import { drawCard, promptOf } from './world'
import { careless, writeAnswer, type Habits } from './writer'

/** A prompt and an answer to learn it from. */
export interface Lesson {
  readonly prompt: string
  readonly answer: string
}

const careful: Habits = { ...careless, facts: {} }

/** The n-th lesson of a step: the card, the words and the mistakes are a function of the seed, the step and n. */
export function lessonOf(seed: number, step: number, n: number, habits: Habits): Lesson {
  const draws = chance(seed, 'text', step, n)
  const card = drawCard(draws, false)
  return { prompt: promptOf(card), answer: writeAnswer(card, draws, habits) }
}

/** First the model learns to copy from the card, from texts without mistakes; then it picks up the habits. */
export const habitsAt = (step: number, steps: number): Habits => (step < 0.75 * steps ? careful : careless)

/** Token ids of a batch of lessons [rows, length], and 1 where the next token belongs to an answer or ends it. */
export function batchOf(
  lessons: readonly Lesson[],
  tokenizer: PolicyTokenizer,
  length: number
): { ids: BigInt64Array<ArrayBuffer>; mask: Float32Array<ArrayBuffer> } {
  const end = tokenizer.eos ?? 0
  const ids = new BigInt64Array(lessons.length * length).fill(BigInt(end))
  const mask = new Float32Array(lessons.length * length)
  lessons.forEach(({ prompt, answer }, row) => {
    const before = tokenizer.prompt([{ role: 'user', content: prompt }], 'tokenizer')
    const all = [...before, ...tokenizer.encode(answer), end]
    if (all.length > length) throw new RangeError(`A lesson of ${all.length} tokens does not fit ${length}.`)
    ids.set(all.map(BigInt), row * length)
    mask.fill(1, row * length + before.length - 1, row * length + all.length - 1)
  })
  return { ids, mask }
}
