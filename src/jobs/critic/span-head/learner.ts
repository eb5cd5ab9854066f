import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { criticFiles, type CriticExample } from '../../../contract/critic-record'
import { writeFileAtomically } from '../../../engine/checkpoint/atomic-write'
import { saveModelFolder } from '../../../engine/checkpoint/export-model'
import { saveAdapter } from '../../../engine/checkpoint/peft'
import { encodeSafetensors } from '../../../engine/checkpoint/safetensors'
import { newTrainingState } from '../../../engine/optim/state'
import { isSpanHead, spanHeadParameters, tokenClasses } from '../../../engine/rl/span-head'
import { createClassifierStep } from '../../../engine/rl/token-classifier-step'
import { alignSpans } from '../../../pipeline/align/align'
import { bestThreshold } from '../../../pipeline/reward/critic-quality/threshold'
import { isUnfaithful, type Offset } from '../../../tokens/tokenizer'
import { PaddedBatch } from '../../batch'
import {
  checkpointOf,
  type CriticLearner,
  type LearnerExample,
  type LearnerKind,
  type LearnerSetting
} from '../learner'
import { startOf, type Policy } from '../../model/policy'
import { embeddingKeeper } from '../frozen-embeddings'
import { poorF1 } from '../poor-f1'
import { SpanHeadClassifier } from './classifier'
import { critiqueOf } from './spans'
import { piecesOf, stepInPieces } from '../../sessions/micro-batches'

/** An answer in tokens, and what each of them is. */
export interface MarkedExample extends LearnerExample {
  readonly promptIds: readonly number[]
  /** The response's own, without an end token. */
  readonly ids: readonly number[]
  readonly offsets: readonly Offset[]
  /** Index into `tokenClasses` of each token. */
  readonly classes: readonly number[]
}

/** How much the language model's loss counts next to the head's; see `classifierLoss`. */
const LANGUAGE_COEFFICIENT = 0.3

const rules = { conflict: 'negative-wins', placement: 'every', widen: true } as const
const classOfLabel = { [-1]: 'poor', 0: 'neutral', 1: 'good' } as const

/** @returns the example in tokens, or why it is left out. Nothing is cut. */
export function prepareMarks(
  example: CriticExample,
  { tokenizer, model }: Pick<Policy, 'tokenizer' | 'model'>,
  { template, maxLength }: Pick<LearnerSetting['config'], 'template' | 'maxLength'>
): MarkedExample | string {
  const { response, spans, messages } = example
  const tokens = tokenizer.withOffsets(response)
  if (isUnfaithful(tokens)) return 'the answer does not survive the tokenizer'
  const { ids, offsets } = tokens
  if (ids.length === 0) return 'the answer is empty'
  const promptIds = tokenizer.prompt(messages, template)
  const length = promptIds.length + ids.length
  const most = Math.min(maxLength ?? Infinity, model.config.contextLength)
  if (length > most) return `prompt and response do not fit ${most} tokens`
  const { labels } = alignSpans({ text: response, offsets, spans, rules })
  const classes = ids.map((_, token) =>
    tokenClasses.indexOf(classOfLabel[Math.sign(labels[token]) as -1 | 0 | 1])
  )
  return { example, promptIds, ids, offsets, classes, length }
}

/**
 * The critic that marks and says nothing: a classifier of response tokens (`classifierLoss`), trained together with an
 * adapter or with every weight. Thresholds are chosen on dev, each where the F1 of its class is best.
 */
export function spanHeadLearner({ config, policy }: LearnerSetting): LearnerKind<MarkedExample> {
  return {
    prepare: (example) => prepareMarks(example, policy, config),
    open: async ({ rows, lengths }) => {
      const { model, runtime } = policy
      const { trainable, parameters } = startOf(policy, { ...config, adapter: null }, false)
      const state = newTrainingState(new Map([...parameters, ...spanHeadParameters(model.config)]))
      const keepEmbeddings = embeddingKeeper(config, model.config, state)
      const pieces = piecesOf(config, rows)
      const open = async (length: number) => {
        const responseTokens = pieces.micro * (length - 1)
        const recomputedLayers = config.memory === 'frugal' ? model.config.layers : 0
        const step = await createClassifierStep({
          ...{ model, trainable, runtime, batch: pieces.micro, length, responseTokens, recomputedLayers },
          accumulate: pieces.micro < rows
        })
        return { length, step: stepInPieces(step, pieces) }
      }
      type Bucket = Awaited<ReturnType<typeof open>>
      const buckets: Bucket[] = []
      for (const length of lengths) buckets.push(await open(length))
      const bucketOf = ({ length }: MarkedExample): Bucket =>
        buckets.find((bucket) => bucket.length >= length) ?? buckets[buckets.length - 1]
      const classifier = new SpanHeadClassifier(policy, trainable)
      const judge = (examples: readonly MarkedExample[]): Promise<Float32Array[][]> =>
        classifier.classify(examples, state.parameters)

      const learner: CriticLearner<MarkedExample> = {
        step: async (examples, { settings }) => {
          const { length, step } = bucketOf(examples[0])
          const batch = new PaddedBatch(examples, rows, length)
          const weights = batch.scatter(examples.map(({ ids, example }) => ids.map(() => example.weight)))
          const classes = batch.scatter(examples.map((one) => one.classes))
          const stats = await step.step(
            { ids: batch.ids, weights, classes },
            { ...settings, languageCoefficient: LANGUAGE_COEFFICIENT },
            state
          )
          keepEmbeddings()
          return {
            loss: stats.classLoss,
            language_loss: stats.languageLoss,
            gradient_norm: stats.gradientNorm
          }
        },
        evaluate: async (dev) => {
          const said = await judge(dev)
          const metrics = { 'dev/loss': lossOf(dev, said) }
          if (config.metric !== 'poor-f1') return metrics
          const thresholds = thresholdsOf(dev, said)
          const critiques = dev.map(({ example, offsets }, index) =>
            critiqueOf(example.response, offsets, said[index], thresholds)
          )
          return { ...metrics, ...poorF1(dev, critiques, policy.tokenizer) }
        },
        snapshot: () => checkpointOf(state, trainable),
        restore: ({ state: saved }) => void Object.assign(state, saved),
        save: async (dir, dev) => {
          const all = [...state.parameters]
          const head = new Map(all.filter(([name]) => isSpanHead(name)))
          const trunk = new Map(all.filter(([name]) => !isSpanHead(name)))
          writeFileAtomically(join(dir, criticFiles.head), encodeSafetensors(head))
          const parts = {
            labels: [...tokenClasses],
            head: criticFiles.head,
            thresholds: thresholdsOf(dev, await judge(dev))
          }
          if (trainable.kind === 'lora') {
            const { lora } = trainable
            saveAdapter(join(dir, criticFiles.adapter), { lora, parameters: trunk, baseModel: config.base })
            return { ...parts, adapter: criticFiles.adapter }
          }
          const folder = join(dir, criticFiles.model)
          // Our own folder: what a killed training left there.
          rmSync(folder, { recursive: true, force: true })
          saveModelFolder(folder, { source: config.base, parameters: trunk })
          return { ...parts, model: criticFiles.model }
        },
        release: async () => {
          for (const { step } of buckets) await step.release()
          await classifier.release()
        }
      }
      return learner
    }
  }
}

/** Mean of −log p(class) over all response tokens, in nats. */
function lossOf(examples: readonly MarkedExample[], said: readonly Float32Array[][]): number {
  const nats = examples.flatMap(({ classes }, index) =>
    classes.map((wanted, token) => -Math.log(Math.max(said[index][token][wanted], 1e-12)))
  )
  return nats.reduce((sum, one) => sum + one, 0) / nats.length
}

/** The probability from which on a token bears a class's mark; one half where dev has none of it. */
function thresholdsOf(
  dev: readonly MarkedExample[],
  said: readonly Float32Array[][]
): Record<string, number> {
  const found = (['poor', 'good'] as const).map((name) => {
    const place = tokenClasses.indexOf(name)
    const items = dev.flatMap(({ classes }, index) =>
      classes.map((wanted, token) => ({ score: said[index][token][place], wanted: wanted === place }))
    )
    const best = bestThreshold(items)
    return [name, Number.isFinite(best) ? best : 0.5] as const
  })
  return Object.fromEntries(found)
}
