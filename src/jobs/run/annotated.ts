import type { SampleRow } from '../../contract/job'
import type { FrozenAnswer } from '../../contract/run-record'
import { newTrainingState } from '../../engine/optim/state'
import type { OfflineStats } from '../../engine/rl/offline-step'
import { Failure } from '../../pipeline/failure'
import { chance, denseUniforms } from '../../pipeline/optimise/chance'
import { coverage, logProbChange } from '../../pipeline/optimise/metrics'
import { learningRateAt } from '../../pipeline/optimise/schedule'
import { contrastiveWeights } from '../../pipeline/reward/contrastive'
import { applyControl } from '../../pipeline/reward/controls'
import { readAnnotated, type AnnotatedAnswer } from './annotated-answers'
import { PaddedBatch } from '../batch'
import { changeMetrics, scoreAnswers, type AnswerScores } from './held-out'
import { mean } from '../means'
import { openPolicy, pinPolicy, startOf } from '../model/policy'
import type { RunFolder } from './folder'
import { openAnnotatedSessions } from '../sessions/annotated'
import { batchOfStep } from '../sessions/length-buckets'
import { Stopwatch } from '../stopwatch'
import type { StepResult, TrainingLoop } from './loop'

/** Epochs of a step, at most: `algorithm.epochs` of run.json. */
const MOST_EPOCHS = 16

/**
 * `span-offline` on stored answers (method 9.5): they come from somebody else, so nothing is sampled and nothing is
 * called PPO. One step: the next answers → contrastive weights (they sum to zero within an answer) → the surrogate of
 * the configuration (the clipped one by default, decision 8) plus the full-vocabulary KL to the reference. Every
 * `evaluateEvery` steps all answers are scored, those of held-out documents apart, because a small model can learn the
 * places of spans without their content.
 */
export async function openAnnotatedLoop(folder: RunFolder, between?: () => void): Promise<TrainingLoop> {
  const { config } = folder
  const { algorithm, seed } = config
  const { temperature } = config.sampling
  const policy = await openPolicy(config.model, { ...config, between })
  pinPolicy(folder, policy)
  const { model, runtime } = policy

  const all = await readAnnotated(folder, between)
  const ok = all.filter(({ judged }) => judged.status === 'ok')
  const training = ok.filter(({ answer }) => answer.split === 'train')
  const heldOut = ok.filter(({ answer }) => answer.split === 'held-out')
  const weights = weigh(training, folder)
  if (![...weights.values()].some((row) => row.some((weight) => weight !== 0)))
    throw new Failure(
      'nothing-to-train',
      'No training answer has a marked token: there is nothing to learn from.'
    )

  const { trainable, parameters } = startOf(policy, config, false)
  const state = newTrainingState(parameters)
  const rows = Math.min(config.batch, training.length)
  const buckets = bucketsOf(
    await openAnnotatedSessions(
      config,
      { model, trainable, runtimeFor: () => runtime },
      { rows, lengths: ok.map(({ answer }) => lengthOf(answer)), parameters: model.parameters }
    )
  )
  const score = (
    answers: readonly AnnotatedAnswer[],
    which: 'scorer' | 'evaluator'
  ): Promise<AnswerScores[]> =>
    scoreAnswers(
      ({ answer }) => {
        const bucket = buckets.of(answer)
        return { scorer: bucket[which], length: bucket.length }
      },
      answers,
      { rows, temperature, parameters: state.parameters, between }
    )
  /** Log-probabilities before the first step, which every evaluation is compared with. */
  const start = { training: await score(training, 'scorer'), heldOut: await score(heldOut, 'scorer') }

  const batchOf = (step: number): AnnotatedAnswer[] =>
    batchOfStep(training, ({ answer }) => buckets.of(answer).length, { seed, step, rows })
  const rateOf = (step: number): number => learningRateAt(step, { ...config.optimizer, steps: config.steps })

  async function step(number: number): Promise<StepResult> {
    const watch = new Stopwatch()
    const chosen = batchOf(number)
    const { offline, length, padding } = buckets.of(chosen[0].answer)
    const batch = new PaddedBatch(
      chosen.map(({ answer }) => answer),
      rows,
      length
    )
    const before = await score(chosen, 'scorer')
    const learningRate = rateOf(number)
    const epochs: OfflineStats[] = []
    for (let epoch = 0; epoch < algorithm.epochs; epoch++)
      epochs.push(
        await offline.step(
          {
            ids: batch.ids,
            lengths: batch.lengths,
            temperature,
            mask: batch.mask,
            weights: batch.scatter(chosen.map(({ answer }) => weights.get(answer.id) ?? null)),
            // Every epoch of a step leaves out others; a sample's are the same in whatever length it is padded to.
            dropout: (matrix, inputs, first, count) =>
              denseUniforms(
                ...([seed, 'dropout', number * MOST_EPOCHS + epoch] as const),
                ...([count, length * inputs, matrix * rows + first] as const)
              )
          },
          {
            ...config.optimizer,
            learningRate,
            clip: algorithm.clip,
            klCoefficient: algorithm.kl.where === 'none' ? 0 : algorithm.kl.coefficient
          },
          state
        )
      )
    const updateSeconds = watch.lap()

    const after = await score(chosen, 'scorer')
    const change = before.map(({ logProbs }, index) =>
      after[index].logProbs.map((value, token) => value - logProbs[token])
    )
    const labelled = chosen.map(({ judged }, index) => ({
      values: change[index],
      labels: judged.labels,
      ok: true
    }))
    const changes = change.flatMap((row) => [...row])
    const ratios = changes.map(Math.exp)
    const evaluation = number % config.evaluateEvery === 0 || number === config.steps
    return {
      metrics: {
        'loss/policy': mean(epochs.map(({ preferenceLoss }) => preferenceLoss)),
        'objective/kl': epochs[0].kl,
        'objective/entropy': mean(before.flatMap(({ entropy }) => [...entropy])),
        'reward/mean': mean(
          chosen.map(({ judged }) => judged.rewards.reduce((sum, reward) => sum + reward, 0))
        ),
        ...coverage(labelled),
        'critic/failed': all.length - ok.length,
        'policy/approx_kl': mean(changes.map((nats, token) => ratios[token] - 1 - nats)),
        'policy/clip_fraction': mean(ratios.map((ratio) => Number(Math.abs(ratio - 1) > algorithm.clip))),
        'policy/ratio': mean(ratios),
        'policy/gradient_norm': mean(epochs.map(({ gradientNorm }) => gradientNorm)),
        ...logProbChange(labelled),
        'length/padding': padding(batch.lengths),
        ...(evaluation && {
          ...changeMetrics('train', training, start.training, await score(training, 'evaluator'), seed),
          ...changeMetrics('heldout', heldOut, start.heldOut, await score(heldOut, 'evaluator'), seed)
        }),
        'optimizer/learning_rate': learningRate,
        'time/rollout': 0,
        'time/reward': 0,
        'time/update': updateSeconds,
        tokens_per_second: chosen.reduce((sum, { answer }) => sum + answer.ids.length, 0) / watch.total()
      },
      samples: chosen.map((one, sample) =>
        sampleRow(one, number, sample, change[sample], model.config.endTokens)
      )
    }
  }

  return {
    step,
    plan: (next) => ({ learningRate: rateOf(next), data: batchOf(next).map(({ answer }) => answer.id) }),
    snapshot: () => ({ state, lora: trainable.kind === 'lora' ? trainable.lora : null, counters: {} }),
    restore: ({ state: saved }) => void Object.assign(state, saved)
  }
}

const lengthOf = ({ promptIds, ids }: FrozenAnswer): number => promptIds.length + ids.length

/** The shortest bucket that holds an answer; buckets rise. */
const bucketsOf = <Bucket extends { readonly length: number }>(buckets: readonly Bucket[]) => ({
  of: (answer: FrozenAnswer): Bucket =>
    buckets.find(({ length }) => length >= lengthOf(answer)) ?? buckets[buckets.length - 1]
})

/**
 * Weights of the training answers' tokens, under the run's control. Divided by their RMS over all training answers
 * (unless `raw`): one constant for the run, so that a quiet answer stays quiet.
 */
function weigh(training: readonly AnnotatedAnswer[], { config }: RunFolder): Map<string, Float32Array> {
  const placed = applyControl(
    config.control,
    training.map(({ judged }) => ({ rewards: judged.rewards, ok: true })),
    (sample) => chance(config.seed, 'control', 0, sample)
  )
  const weights = placed.map(contrastiveWeights)
  const rms = Math.sqrt(mean(weights.flatMap((row) => [...row].map((weight) => weight ** 2))))
  const scale = config.algorithm.advantages === 'raw' || rms === 0 ? 1 : 1 / rms
  return new Map(
    training.map(({ answer }, index) => [answer.id, weights[index].map((weight) => weight * scale)])
  )
}

function sampleRow(
  { answer, judged }: AnnotatedAnswer,
  step: number,
  sample: number,
  change: Float32Array,
  endTokens: readonly number[]
): SampleRow {
  return {
    step,
    sample,
    promptId: answer.documentId,
    prompt: answer.messages.at(-1)?.content ?? '',
    text: answer.text,
    ids: answer.ids,
    offsets: answer.offsets,
    rewards: [...judged.rewards],
    logProbChange: [...change].map((value) => Number(value.toPrecision(5))),
    status: judged.status,
    critique: judged.critique,
    spans: judged.spans,
    finish: endTokens.includes(answer.ids[answer.ids.length - 1]) ? 'eos' : 'length'
  }
}
