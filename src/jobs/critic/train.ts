import {
  bestMetric,
  type CriticRecord,
  type CriticTraining,
  type ExampleRow
} from '../../contract/critic-record'
import { toFailure } from '../../contract/errors'
import { Failure } from '../../pipeline/failure'
import { learningRateAt } from '../../pipeline/optimise/schedule'
import { ProgressMeter, type JobContext } from '../context'
import { CriticCheckpoints } from './checkpoints'
import { CriticFolder } from './folder'
import type { LearnerExample, LearnerKind, LearnerSetting } from './learner'
import { versionOf } from './version'
import { generativeLearner } from './generative/learner'
import { Loading, Stopped } from '../loading'
import { mean } from '../means'
import { nextWord } from '../next-word'
import { openPolicy } from '../model/policy'
import { batchOfStep, bucketLengths } from '../sessions/length-buckets'
import { spanHeadLearner } from './span-head/learner'
import { Stopwatch } from '../stopwatch'

/** What `critic train` answers. */
export interface TrainCriticResult {
  readonly state: 'finished' | 'stopped'
  readonly step: number
  readonly version: string | null
  readonly examples: CriticRecord['examples']
  readonly best: CriticRecord['best'] | null
}

const learners: Readonly<Partial<Record<CriticTraining['kind'], (setting: LearnerSetting) => LearnerKind>>> =
  {
    generative: generativeLearner as (setting: LearnerSetting) => LearnerKind,
    'span-head': spanHeadLearner as (setting: LearnerSetting) => LearnerKind
  }

/** Of a training that was stopped before it had read any. */
const noExamples: TrainCriticResult['examples'] = { train: 0, dev: 0, test: 0, dropped: 0 }

/** Lengths that examples are sorted into; every one costs sessions of its own, so large models have a single one. */
const BUCKETS = 4
const BUCKETS_BELOW = 20e6

/**
 * Trains the critic whose folder this is, or takes its training up where its last checkpoint left it, bit for bit. Dev is
 * measured every `evaluateEvery` steps, the best checkpoint by the declared metric becomes the critic, and training ends
 * early when `patience` evaluations have brought nothing better. Test examples are never looked at.
 * @throws Failure trainer-busy when somebody else works in the folder, which is left as it is then; nothing-to-train,
 * run-not-resumable, and what model, tokenizer and device may
 */
export function trainCritic(dir: string, host: JobContext): Promise<TrainCriticResult> {
  return CriticFolder.alone(
    () => CriticFolder.open(dir),
    (folder) => trainIn(folder, host)
  )
}

async function trainIn(folder: CriticFolder, host: JobContext): Promise<TrainCriticResult> {
  const context = new Loading(
    host,
    () => new Stopped(),
    () => folder.takeControl()
  )
  const { configuration: config } = folder.training
  let step = folder.status()?.step ?? 0
  try {
    const checkpoints = CriticCheckpoints.open(folder)
    step = checkpoints.saved
    folder.say({ state: 'running', step, error: null })
    const progress = { done: step, total: config.steps ?? 0, unit: 'steps', note: 'loading the model' }
    context.emit({ kind: 'progress', progress })
    const open = learners[config.kind]
    if (!open)
      throw new Failure('bad-configuration', `This version cannot train critics of the kind ${config.kind}.`)
    const { device, threads, spinning, fallback } = config
    const { between } = context
    const policy = await openPolicy(config.base, { device, threads, spinning, fallback, between })
    folder.pin('model', policy.model.hash)
    folder.pin('tokenizer', policy.tokenizerHash)

    const kind = open({ config, policy })
    const { train, dev, test, dropped, droppedFor } = prepareAll(folder, kind)
    if (train.length === 0)
      throw new Failure(
        'nothing-to-train',
        `No example is left to train on${droppedFor.map(({ reason, count }) => `; ${count} dropped: ${reason}`).join('')}.`
      )
    const examples = { train: train.length, dev: dev.length, test, dropped }
    const rows = Math.min(config.batch, train.length)
    const used = [...train, ...dev]
    const lengths = bucketLengths(
      used.map(({ length }) => length),
      policy.model.parameters < BUCKETS_BELOW ? BUCKETS : 1
    )
    const longestReply = used.reduce((most, { ids }) => Math.max(most, ids.length), 0)
    const learner = await kind.open({ rows, lengths, longestReply })
    context.done()
    checkpoints.restore(learner)
    folder.rewindTo(step)
    folder.log(step > 0 ? `resumed after step ${step}` : 'started')

    const bucketOf = ({ length }: LearnerExample): number => lengths.find((most) => most >= length) ?? length
    const perEpoch = epochLength(train, bucketOf, rows)
    const steps = config.steps ?? Math.max(1, Math.round(config.epochs * perEpoch))
    const every = config.evaluateEvery ?? Math.min(perEpoch, steps)
    const declared = bestMetric[config.metric]
    // Without a dev example the loss of the steps between two evaluations has to do.
    const watched = dev.length > 0 ? declared : { metric: 'train/loss', direction: 'lowest' as const }
    const meter = new ProgressMeter(context, steps, 'steps')
    meter.tell(step)
    while (step < steps && !checkpoints.exhausted(config.patience)) {
      if ((await nextWord(folder, context, { step, total: steps })) === 'stop') {
        if (checkpoints.saved !== step) checkpoints.save(learner, step)
        await learner.release()
        folder.log(`stopped after step ${step}`)
        folder.say({ state: 'stopped', step, error: null })
        return { state: 'stopped', step, version: null, examples, best: checkpoints.best }
      }
      const watch = new Stopwatch()
      const batch = batchOfStep(train, bucketOf, { seed: config.seed, step: step + 1, rows })
      const learningRate = learningRateAt(step + 1, { ...config.optimizer, steps })
      const settings = { ...config.optimizer, learningRate }
      const stats = await learner.step(batch, { step: step + 1, settings })
      const seconds = watch.lap()
      step++
      checkpoints.see(stats.loss)
      const evaluated = step % every === 0 || step === steps
      const measured = evaluated && dev.length > 0 ? await learner.evaluate(dev) : {}
      const metrics: Record<string, number> = {
        ...stats,
        ...(evaluated && { 'train/loss': mean(checkpoints.losses) }),
        ...measured,
        'optimizer/learning_rate': learningRate,
        'time/update': seconds,
        ...(evaluated && { 'time/evaluation': watch.lap() }),
        tokens_per_second: batch.reduce((sum, { length }) => sum + length, 0) / seconds
      }
      requireNumbers(metrics, step)
      folder.appendMetrics({ step, ...metrics })
      folder.say({ state: 'running', step, error: null })
      if (evaluated) {
        checkpoints.judge(step, watched, metrics)
        checkpoints.save(learner, step)
      }
      meter.tell(step)
    }

    const { best } = checkpoints
    if (best === null) throw new Failure('nothing-to-train', 'The training made no step.')
    learner.restore(checkpoints.load(best.step))
    const parts = await learner.save(folder.dir, dev)
    await learner.release()
    const { project, splitSha256, dataSha256 } = folder.training
    const record: Omit<CriticRecord, 'id'> = {
      version: 1,
      kind: config.kind,
      base: { dir: config.base, sha256: policy.model.hash },
      tokenizerSha256: policy.tokenizerHash,
      template: config.template,
      thresholds: {},
      calibration: null,
      ...parts,
      trainedOn: { project, splitSha256, dataSha256, rows: train.map(rowOf) },
      examples,
      droppedFor,
      best,
      metrics: checkpoints.bestMetrics,
      configuration: config
    }
    const version = versionOf(folder.dir, record)
    folder.finish({ id: version, ...record })
    folder.log(`finished after step ${step}; the best was step ${best.step}`)
    folder.say({ state: 'finished', step, error: null })
    return { state: 'finished', step, version, examples, best }
  } catch (thrown) {
    if (thrown instanceof Stopped) {
      folder.say({ state: 'stopped', step, error: null })
      return { state: 'stopped', step, version: null, examples: noExamples, best: null }
    }
    const { code, message } = toFailure(thrown)
    try {
      folder.log(`failed with ${code} after step ${step}`)
      folder.say({ state: 'failed', step, error: { code, message } })
    } catch {
      // The disk that the failure is about: the host tells it, and the folder will look interrupted.
    }
    throw thrown
  }
}

const rowOf = ({ example }: LearnerExample): ExampleRow => ({
  annotationId: example.annotationId,
  historySequence: example.historySequence,
  ...(example.base && { base: example.base })
})

/** Every example in tokens, by split. The test split is only counted: nothing of it reaches the learner. */
function prepareAll(folder: CriticFolder, kind: LearnerKind) {
  const reasons = new Map(folder.training.dropped.map(({ reason, count }) => [reason, count]))
  const split = { train: [] as LearnerExample[], dev: [] as LearnerExample[] }
  let test = 0
  for (const example of folder.examples()) {
    const prepared = kind.prepare(example)
    if (typeof prepared === 'string') reasons.set(prepared, (reasons.get(prepared) ?? 0) + 1)
    else if (example.split === 'test') test++
    else split[example.split].push(prepared)
  }
  const droppedFor = [...reasons].map(([reason, count]) => ({ reason, count }))
  return { ...split, test, dropped: droppedFor.reduce((sum, { count }) => sum + count, 0), droppedFor }
}

/** Steps that take every training example once. */
function epochLength(
  train: readonly LearnerExample[],
  bucketOf: (example: LearnerExample) => number,
  rows: number
): number {
  const counts = new Map<number, number>()
  for (const example of train) counts.set(bucketOf(example), (counts.get(bucketOf(example)) ?? 0) + 1)
  return [...counts.values()].reduce((sum, count) => sum + Math.ceil(count / rows), 0)
}

/** @throws Failure not-a-number: a step whose numbers are none is not written down */
function requireNumbers(metrics: Readonly<Record<string, number>>, step: number): void {
  const name = Object.keys(metrics).find((metric) => !Number.isFinite(metrics[metric]))
  if (name !== undefined)
    throw new Failure(
      'not-a-number',
      `The metric ${name} of step ${step} is ${metrics[name]}; lower optimizer.learningRate.`
    )
}
