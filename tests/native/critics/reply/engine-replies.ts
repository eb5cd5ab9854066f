import { replyVocabulary } from '../../../../src/critics/reply/choices'
import { replyConfidence } from '../../../../src/critics/reply/confidence'
import { replyConstraint } from '../../../../src/critics/reply/constraint'
import type { Reply } from '../../../../src/critics/reply/format'
import { createGenerator } from '../../../../src/engine/generate/generator'
import { openRuntime } from '../../../../src/engine/runtime/session'
import { checkReply, nudged, responses, type Spelling } from '../../../pure/critics/reply/replies'
import { numbers, randomModel, uniformNumbers } from '../../../pure/engine/checkpoint/random-model'

export interface Writing {
  readonly tokenizer: Spelling
  readonly end: number
  readonly replies: number
  readonly batch: number
  /** The most that a reply may take; its own room is anything from the shortest reply up to it. */
  readonly maxNewTokens: number
  readonly seed: number
}

/**
 * Replies of a model of random weights, its prompts of unequal lengths, each reply with a room of its own. Throws at
 * the first that does not parse, is not canonical, has a quote that is not where it says, or does not end.
 */
export async function writeReplies({ tokenizer, end, batch, maxNewTokens, ...rest }: Writing) {
  const promptLength = 6
  const model = randomModel(
    {
      ...{ vocabularySize: tokenizer.vocabularySize + 5, contextLength: promptLength + maxNewTokens },
      ...{ beginToken: null, endTokens: [end], layers: 1 }
    },
    rest.seed
  )
  const generator = await createGenerator({
    runtime: openRuntime({ device: 'cpu', threads: 1 }),
    ...{ model, trainable: { kind: 'none' }, batch, promptLength, maxNewTokens, masked: true }
  })
  const vocabulary = replyVocabulary({ tokenizer, size: model.config.vocabularySize, endTokens: [end] })
  const chance = numbers(rest.seed)
  let [written, spans, tokens] = [0, 0, 0]
  try {
    while (written < rest.replies) {
      const rows = Array.from({ length: Math.min(batch, rest.replies - written) }, (_, row) => {
        const response = responses[(written + row) % responses.length]
        const constraint = replyConstraint(vocabulary, response)
        const room = constraint.shortest + Math.floor(chance() * (maxNewTokens + 1 - constraint.shortest))
        return { response, constraint, room }
      })
      const { sequences } = await generator.constrain({
        prompts: rows.map((_, row) => Array.from({ length: 1 + (row % promptLength) }, (_, at) => at + row)),
        uniforms: uniformNumbers(rows.length * maxNewTokens, written + rest.seed),
        mask: (row, ids) => {
          const mask = rows[row].constraint.mask(ids, rows[row].room - ids.length)
          return nudged(mask, tokenizer, chance())
        }
      })
      for (const [row, sequence] of sequences.entries()) {
        const { response, room } = rows[row]
        const text = tokenizer.decode(sequence.ids)
        const here = checkReply(text, response)
        if (sequence.finish !== 'eos' || sequence.ids.length > room)
          throw new Error(`${sequence.finish} after ${sequence.ids.length} of ${room}: ${text}`)
        checkConfidence(replyConfidence(sequence, JSON.parse(text) as Reply, tokenizer.tokenBytes), here)
        spans += here
        tokens += sequence.ids.length
      }
      written += rows.length
    }
  } finally {
    await generator.release()
  }
  return { written, spans, tokens }
}

function checkConfidence(found: ReturnType<typeof replyConfidence>, spans: number): void {
  const all = [found?.confidence, ...(found?.spans.map(({ confidence }) => confidence) ?? [])]
  const masses = [
    found?.allowedMass.least,
    ...(found?.spans.map(({ allowedMass }) => allowedMass.mean) ?? [])
  ]
  const sound = [...all, ...masses].every((value) => value !== undefined && value >= 0 && value <= 1)
  if (found?.spans.length !== spans || !sound) throw new Error(`A confidence of ${JSON.stringify(found)}.`)
}
