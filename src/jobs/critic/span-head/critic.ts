import { join } from 'node:path'
import type { CancelSignal, Critic, CriticInput, Critique } from '../../../contract/critic'
import { criticFiles } from '../../../contract/critic-record'
import { toFailure } from '../../../contract/errors'
import { readSafetensors } from '../../../engine/checkpoint/safetensors'
import { Failure } from '../../../pipeline/failure'
import { isUnfaithful, type Offset } from '../../../tokens/tokenizer'
import type { Sequence } from '../../batch'
import { SpanHeadClassifier } from './classifier'
import { critiqueOf } from './spans'
import type { OpenedCritic } from '../opened'

/** Answers that are read before any of them is answered: they are sorted by length. */
const WINDOW = 128

interface Question extends Sequence {
  readonly offsets: readonly Offset[]
}

/** The span head of a trained critic's folder. An answer that it cannot read whole is a failure. */
export function openSpanHead({ dir, record, policy, trainable, parameters }: OpenedCritic): Critic {
  const { tokenizer, model } = policy
  const head = readSafetensors(join(dir, criticFiles.head))
  const classifier = new SpanHeadClassifier(policy, trainable)
  const weights = new Map([...parameters, ...head])

  const questionOf = ({ prompt, response }: CriticInput): Question | string => {
    try {
      const tokens = tokenizer.withOffsets(response)
      if (isUnfaithful(tokens)) return tokens.unfaithful
      const promptIds = tokenizer.prompt(prompt, record.template)
      const length = promptIds.length + tokens.ids.length
      if (tokens.ids.length === 0) return 'The answer is empty.'
      if (length > model.config.contextLength)
        return `Prompt and response take ${length} tokens, and the critic reads ${model.config.contextLength}.`
      return { promptIds, ...tokens }
    } catch (error) {
      return toFailure(error).message
    }
  }

  async function window(inputs: readonly CriticInput[], signal: CancelSignal): Promise<Critique[]> {
    const questions = inputs.map(questionOf)
    const whole = questions.filter((one) => typeof one !== 'string')
    const started = performance.now()
    const said = await classifier.classify(whole, weights, () => {
      if (signal.aborted) throw new Failure('cancelled', 'The critic was cancelled.')
    })
    const seconds = (performance.now() - started) / 1000 / Math.max(1, whole.length)
    let place = 0
    return inputs.map(({ response }, index) => {
      const question = questions[index]
      if (typeof question === 'string') return { status: 'failed', code: 'critic-failed', reason: question }
      const critique = critiqueOf(response, question.offsets, said[place++], record.thresholds)
      return { ...critique, cost: { promptTokens: question.promptIds.length + question.ids.length, seconds } }
    })
  }

  return {
    id: record.kind,
    version: record.id,
    score: async function* (batch, signal) {
      for (let first = 0; first < batch.length; first += WINDOW)
        yield* await window(batch.slice(first, first + WINDOW), signal)
    }
  }
}
