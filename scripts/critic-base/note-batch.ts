import type { SupervisedBatch } from '../../src/engine/rl/supervised-step'
import type { PolicyTokenizer } from '../../src/tokens/tokenizer'
import type { Note } from './notes'

/** Rows of notes in tokens: [rows · length]. What is said is read, what is written is learnt by its weights. */
export function noteBatch(
  tokenizer: PolicyTokenizer,
  notes: readonly Note[],
  length: number
): SupervisedBatch {
  const ids = new BigInt64Array(notes.length * length)
  const mask = new Float32Array(notes.length * length)
  notes.forEach(({ said, written, ends }, row) => {
    const tokens = [tokenizer.bos ?? 0, ...tokenizer.encode(said), tokenizer.eos ?? 1]
    for (const [text, weight] of written)
      for (const id of tokenizer.encode(text)) {
        mask[row * length + tokens.length - 1] = weight
        tokens.push(id)
      }
    if (ends) {
      mask[row * length + tokens.length - 1] = 1
      tokens.push(tokenizer.eos ?? 1)
    }
    if (tokens.length > length)
      throw new RangeError(`A note of ${tokens.length} tokens does not fit ${length}.`)
    tokens.forEach((id, place) => (ids[row * length + place] = BigInt(id)))
  })
  return { ids, mask }
}
