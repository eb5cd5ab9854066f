import { join } from 'node:path'
import { rmSync } from 'node:fs'
import type { Critique } from '../../../contract/critic'
import { criticFiles, type CriticExample } from '../../../contract/critic-record'
import { serialiseReply } from '../../../critics/reply/format'
import { withSpace } from '../../../critics/reply/space-before'
import { saveModelFolder } from '../../../engine/checkpoint/export-model'
import { saveAdapter } from '../../../engine/checkpoint/peft'
import { newTrainingState } from '../../../engine/optim/state'
import { createScorer } from '../../../engine/rl/scorer'
import { createSupervisedStep } from '../../../engine/rl/supervised-step'
import { anchorOf } from '../../../pipeline/annotate/anchor'
import { isUnfaithful } from '../../../tokens/tokenizer'
import { PaddedBatch } from '../../batch'
import { calibrationOf, poorTokensOf } from '../calibrate'
import {
  checkpointOf,
  type CriticLearner,
  type LearnerExample,
  type LearnerKind,
  type LearnerSetting
} from '../learner'
import { GenerativeScorer, promptOf } from './critic'
import { startOf, type Policy } from '../../model/policy'
import { embeddingKeeper } from '../frozen-embeddings'
import { poorF1 } from '../poor-f1'
import { piecesOf, scorerInPieces, stepInPieces } from '../../sessions/micro-batches'

/** Dev examples that the confidence is calibrated on, at most: writing takes its time. */
const MOST_CALIBRATING = 200

/** An example as a question and the reply to it. */
export interface ReplyExample extends LearnerExample {
  readonly promptIds: readonly number[]
  /** The reply alone, and the end token: nothing else is learnt. */
  readonly ids: readonly number[]
}

/** The one spelling of what an annotation says, its spans in the order of the answer. */
export function replyOf(
  { response, critique, spans }: Pick<CriticExample, 'response' | 'critique' | 'spans'>,
  question: LearnerSetting['config']['reply']['question']
): string {
  const inOrder = [...spans].sort((a, b) => a.start - b.start || a.end - b.end)
  return serialiseReply({
    critique,
    spans: inOrder.map(({ polarity, reason, ...range }) => {
      const place = question === 'verbatim' ? withSpace(range, response) : range
      const { quote, occurrence } = anchorOf(response, place)
      return { quote, occurrence, polarity, reason }
    })
  })
}

/** @returns the example in tokens, or why it is left out. Nothing is cut. */
export function prepareReply(
  example: CriticExample,
  policy: Pick<Policy, 'tokenizer' | 'model'>,
  config: Pick<LearnerSetting['config'], 'template' | 'maxLength' | 'reply'>
): ReplyExample | string {
  const { tokenizer, model } = policy
  const { maxLength, reply } = config
  const text = replyOf(example, reply.question)
  const tokens = tokenizer.withOffsets(text)
  if (isUnfaithful(tokens) || tokenizer.decode(tokens.ids) !== text)
    return 'the reply does not survive the tokenizer'
  const ids = [...tokens.ids, ...model.config.endTokens.slice(0, 1)]
  const promptIds = promptOf(example, policy, config)
  const length = promptIds.length + ids.length
  const most = Math.min(maxLength ?? Infinity, model.config.contextLength)
  if (length > most) return `prompt, response and reply do not fit ${most} tokens`
  if (ids.length > reply.maxNewTokens) return `the reply does not fit ${reply.maxNewTokens} tokens`
  return { example, promptIds, ids, length }
}

/**
 * The critic that writes: L = −Σ w log p(reply | prompt, response), the reply being critique first and then spans
 * (Text2Grad, arXiv 2505.22338, section 3.2), each token with its example's weight and prompt tokens with none.
 */
export function generativeLearner({ config, policy }: LearnerSetting): LearnerKind<ReplyExample> {
  return {
    prepare: (example) => prepareReply(example, policy, config),
    open: async ({ rows, lengths, longestReply }) => {
      const { model, runtime } = policy
      const { trainable, parameters } = startOf(policy, { ...config, adapter: null }, false)
      const state = newTrainingState(parameters)
      const keepEmbeddings = embeddingKeeper(config, model.config, state)
      const pieces = piecesOf(config, rows)
      const open = async (length: number) => {
        const responseTokens = pieces.micro * Math.min(length - 1, longestReply)
        const shape = { model, trainable, batch: pieces.micro, length, responseTokens, runtime }
        const recomputedLayers = config.memory === 'frugal' ? model.config.layers : 0
        const accumulate = pieces.micro < rows
        const step = await createSupervisedStep({ ...shape, accumulate, recomputedLayers })
        const scorer = await createScorer(shape)
        return { length, step: stepInPieces(step, pieces), scorer: scorerInPieces(scorer, pieces) }
      }
      type Bucket = Awaited<ReturnType<typeof open>>
      const buckets: Bucket[] = []
      for (const length of lengths) buckets.push(await open(length))
      const bucketOf = ({ length }: ReplyExample): Bucket =>
        buckets.find((bucket) => bucket.length >= length) ?? buckets[buckets.length - 1]
      const masked = (
        examples: readonly ReplyExample[],
        length: number,
        weightOf: (of: ReplyExample) => number
      ) => {
        const batch = new PaddedBatch(examples, rows, length)
        const mask = batch.scatter(examples.map((one) => one.ids.map(() => weightOf(one))))
        return { batch, ids: batch.ids, mask }
      }

      /** Mean of −log p over all reply tokens of the examples, in nats a token; weights play no part in it. */
      async function loss(examples: readonly ReplyExample[]): Promise<number> {
        let nats = 0
        let count = 0
        for (const { length, scorer } of buckets) {
          const own = examples.filter((one) => bucketOf(one).length === length)
          for (let first = 0; first < own.length; first += rows) {
            const group = own.slice(first, first + rows)
            const { batch, ids, mask } = masked(group, length, () => 1)
            const scores = await scorer.score({ ids, mask, temperature: 1, parameters: state.parameters })
            group.forEach((one, row) => {
              for (const logProb of batch.gather(scores.logProbs, row)) nats -= logProb
              count += one.ids.length
            })
          }
        }
        return nats / count
      }

      let writer: GenerativeScorer | null = null
      /** The critiques of the critic as it is now. */
      function judged(dev: readonly ReplyExample[]): Promise<Critique[]> {
        writer ??= new GenerativeScorer({ policy, trainable, config })
        writer.use(state.parameters)
        return writer.all(dev.map(({ example }) => example))
      }

      const learner: CriticLearner<ReplyExample> = {
        step: async (examples, { settings }) => {
          const { length, step } = bucketOf(examples[0])
          const { ids, mask } = masked(examples, length, ({ example }) => example.weight)
          const stats = await step.step({ ids, mask }, settings, state)
          keepEmbeddings()
          return { loss: stats.loss, gradient_norm: stats.gradientNorm }
        },
        evaluate: async (dev) => {
          const metrics = { 'dev/loss': await loss(dev) }
          if (config.metric !== 'poor-f1') return metrics
          return { ...metrics, ...poorF1(dev, await judged(dev), policy.tokenizer) }
        },
        snapshot: () => checkpointOf(state, trainable),
        restore: ({ state: saved }) => void Object.assign(state, saved),
        save: async (dir, dev) => {
          const examples = dev.slice(0, MOST_CALIBRATING)
          const said = await judged(examples)
          const asked = examples.map(({ example }) => example)
          const parts = {
            labels: ['good' as const, 'poor' as const, 'neutral' as const],
            calibration: calibrationOf(asked, said),
            poorTokens: poorTokensOf(asked, said, policy.tokenizer) ?? undefined
          }
          if (trainable.kind === 'lora') {
            const { lora } = trainable
            saveAdapter(join(dir, criticFiles.adapter), {
              lora,
              parameters: state.parameters,
              baseModel: config.base
            })
            return { ...parts, adapter: criticFiles.adapter }
          }
          const folder = join(dir, criticFiles.model)
          // Our own folder: what a killed training left there.
          rmSync(folder, { recursive: true, force: true })
          saveModelFolder(folder, { source: config.base, parameters: state.parameters })
          return { ...parts, model: criticFiles.model }
        },
        release: async () => {
          for (const { step, scorer } of buckets) {
            await step.release()
            await scorer.release()
          }
          await writer?.release()
        }
      }
      return learner
    }
  }
}
