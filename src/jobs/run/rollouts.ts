import { frozenPrompt, runFiles, type FrozenPrompt } from '../../contract/run-record'
import { newTrainingState } from '../../engine/optim/state'
import { outsideStep } from '../../engine/rl/not-a-number'
import type { PpoStats } from '../../engine/rl/ppo-step'
import { Failure } from '../../pipeline/failure'
import { chance, uniforms } from '../../pipeline/optimise/chance'
import { countFailures } from '../../pipeline/optimise/failing'
import { nextKlCoefficient } from '../../pipeline/optimise/kl-controller'
import { learningRateAt } from '../../pipeline/optimise/schedule'
import { initialFloor, scaleAdvantages } from '../../pipeline/reward/advantages'
import { applyControl, scalar } from '../../pipeline/reward/controls'
import { gae } from '../../pipeline/reward/gae'
import { k1, rewardsWithKl } from '../../pipeline/reward/kl'
import { leaveOneOut } from '../../pipeline/reward/leave-one-out'
import { PaddedBatch } from '../batch'
import { openRunCritic } from '../critic/open'
import { judge } from '../critic/judge'
import { openPolicy, pinPolicy, startOf } from '../model/policy'
import { itemsOfStep } from '../prompts'
import { readMemory, type RolloutsMemory } from './rollouts-memory'
import { resolveBaseline } from '../sessions/baseline'
import { openRolloutSessions } from '../sessions/rollouts'
import { rolloutMetrics, rolloutSamples } from './rollout-record'
import type { RunFolder } from './folder'
import { Stopwatch } from '../stopwatch'
import type { StepResult, TrainingLoop } from './loop'

/** Steps that train a fresh value head alone, before it may judge anything. */
const VALUE_ONLY_STEPS = 20
/** Of the value head, as in PPO's published code. */
const VALUE_CLIP = 0.2
/** Largest difference in nats between the sampler's and the trainer's log-probability of a sampled token. */
const SAMPLER_TOLERANCE = 1e-3

/**
 * Span-level PPO on the policy's own answers (Text2Grad, arXiv 2505.22338, section 3.3; method 9.5). One step:
 * sample → critic → align → δ → log-probabilities under the unchanged policy and the reference → r = δ − β·KL →
 * advantages → epochs of the clipped update → what that did to the tokens it was about.
 */
export async function openRolloutsLoop(folder: RunFolder, between?: () => void): Promise<TrainingLoop> {
  const { config } = folder
  const { algorithm, sampling, seed, batch: rows } = config
  const policy = await openPolicy(config.model, { ...config, between })
  pinPolicy(folder, policy)
  const critic = await openRunCritic(folder, between)
  const prompts = folder.readLines(runFiles.prompts, (line) => frozenPrompt.parse(line))

  const baseline = resolveBaseline(config, policy.model.parameters)
  const usesValue = baseline === 'value'
  const klInLoss = algorithm.kl.where === 'loss'
  const start = startOf(policy, config, usesValue)
  const { trainable } = start
  const state = newTrainingState(start.parameters)
  let memory: RolloutsMemory = { floor: initialFloor, klCoefficient: algorithm.kl.coefficient, failures: [] }

  const { model, runtime, tokenizer } = policy
  const { length, padding, generator, scorer, policyScorer, ppo } = await openRolloutSessions(
    config,
    { model, trainable, runtimeFor: () => runtime },
    prompts.map(({ ids }) => ids.length),
    usesValue
  )

  const group = Math.min(algorithm.samplesPerPrompt, rows)
  const promptsOf = (step: number): FrozenPrompt[] =>
    itemsOfStep(prompts, seed, step, Math.ceil(rows / group))
  const rateOf = (step: number): number => learningRateAt(step, { ...config.optimizer, steps: config.steps })

  async function step(number: number, between?: () => Promise<void>): Promise<StepResult> {
    const watch = new Stopwatch()

    // Sample: one uniform number a token, by (seed, step, sample, token); every group of answers shares a prompt.
    const drawn = promptsOf(number)
    const asked = Array.from({ length: rows }, (_, sample) => drawn[Math.floor(sample / group)])
    const { sequences } = await generator.generate({
      prompts: asked.map(({ ids }) => ids),
      uniforms: uniforms(seed, 'sampling', number, rows, sampling.maxNewTokens),
      temperature: sampling.temperature,
      parameters: state.parameters,
      between
    })
    const rolloutSeconds = watch.lap()

    // The critic's words → spans → δ on the policy's own tokens. The sampled ids are trained on as they are.
    const answers = sequences.map(({ ids }, sample) => ({
      messages: asked[sample].messages,
      tests: asked[sample].tests,
      ids,
      ...tokenizer.decodeResponse(ids)
    }))
    const judged = await judge(critic, answers, config.align)
    const ok = judged.map(({ status }) => status === 'ok')
    const placed = applyControl(
      config.control,
      judged.map(({ rewards }, sample) => ({ rewards, ok: ok[sample] })),
      (sample) => chance(seed, 'control', number, sample)
    )
    const delta = algorithm.name === 'scalar-ppo' ? placed.map(scalar) : placed
    const rewardSeconds = watch.lap()

    // Log-probabilities before the update, recomputed by the training graph.
    const batch = new PaddedBatch(
      sequences.map(({ ids }, sample) => ({ promptIds: asked[sample].ids, ids })),
      rows,
      length
    )
    const { temperature } = sampling
    const { ids, lengths, mask } = batch
    const before = await scorer.score({ ids, mask, lengths, temperature, parameters: state.parameters })
    const logProbs = answers.map((_, sample) => batch.gather(before.logProbs, sample))
    const difference = largestDifference(
      sequences.map((sequence) => sequence.logProbs),
      logProbs
    )

    if (Number.isNaN(difference))
      throw outsideStep('The log-probability of a sampled token is NaN', state, model.tensors)

    // r = δ − β·KL, and what each token did for the rewards that came after it.
    const { klCoefficient } = memory
    const beta = algorithm.kl.where === 'reward' ? klCoefficient : 0
    const sampledKl = logProbs.map((values, sample) =>
      k1(values, batch.gather(before.referenceLogProbs, sample))
    )
    const fullKl = answers.map((_, sample) => batch.gather(before.kl, sample))
    const chargedKl = algorithm.kl.estimator === 'k1' ? sampledKl : fullKl
    const rewards = delta.map((values, sample) => rewardsWithKl(values, chargedKl[sample], beta))
    const values = answers.map((_, sample) => batch.gather(before.values, sample))
    const estimates = rewards.map((row, sample) =>
      gae(row, values[sample], algorithm.gamma, algorithm.lambda)
    )
    const estimated = estimates.map(({ advantages }, sample) => ({
      prompt: asked[sample].id,
      values: advantages,
      ok: ok[sample]
    }))
    const centred = baseline === 'leave-one-out' ? leaveOneOut(estimated) : estimated.map((row) => row.values)
    const scaled = scaleAdvantages(
      algorithm.advantages,
      centred.map((row, sample) => ({ values: row, ok: ok[sample] })),
      memory.floor
    )

    // The clipped update. A failed answer has weight 0 in every term; denominators are those of the rest.
    const keep = (row: Float32Array, sample: number): Float32Array | null => (ok[sample] ? row : null)
    const update = {
      ids,
      lengths,
      temperature,
      mask: batch.scatter(answers.map(({ ids }, sample) => (ok[sample] ? ids.map(() => 1) : null))),
      oldLogProbs: batch.scatter(logProbs.map(keep)),
      advantages: batch.scatter(scaled.advantages.map(keep)),
      oldValues: batch.scatter(values.map(keep)),
      returns: batch.scatter(estimates.map(({ returns }, sample) => keep(returns, sample)))
    }
    const valueOnly = usesValue && number <= VALUE_ONLY_STEPS
    const learningRate = rateOf(number)
    const settings = {
      ...config.optimizer,
      learningRate,
      clip: algorithm.clip,
      valueClip: VALUE_CLIP,
      valueCoefficient: algorithm.valueCoefficient,
      policyCoefficient: valueOnly ? 0 : 1,
      klCoefficient: klInLoss && !valueOnly ? klCoefficient : 0
    }
    const epochs: PpoStats[] = []
    for (let epoch = 0; epoch < algorithm.epochs && ok.includes(true); epoch++)
      epochs.push(await ppo.step(update, settings, state))
    const updateSeconds = watch.lap()

    // What it did to the tokens it was about.
    const after = await policyScorer.score({ ids, mask, lengths, temperature, parameters: state.parameters })
    const change = logProbs.map((row, sample) =>
      batch.gather(after.logProbs, sample).map((value, token) => value - row[token])
    )
    const measured = {
      step: number,
      prompts: asked,
      sequences,
      answers,
      judged,
      delta,
      advantages: scaled.advantages,
      returns: estimates.map(({ returns }) => returns),
      baselines: estimated.map((row, sample) =>
        usesValue ? values[sample] : row.values.map((value, token) => value - centred[sample][token])
      ),
      estimatedKl: algorithm.kl.estimator === 'k1' ? sampledKl : fullKl,
      fullKl,
      entropy: answers.map((_, sample) => batch.gather(before.entropy, sample)),
      change
    }
    const metrics = rolloutMetrics(measured, epochs)
    const failed = ok.filter((fine) => !fine).length
    const { window, alarm } = countFailures(memory.failures, { answers: rows, failed }, config.steps)
    memory = {
      floor: scaled.state,
      klCoefficient: nextKlCoefficient(klCoefficient, metrics['objective/kl_sequence'], algorithm.kl.target),
      // Whoever resumes after an alarm has mended the critic: the count begins again.
      failures: alarm === null ? window : []
    }
    return {
      metrics: {
        ...metrics,
        'length/padding': padding(lengths),
        'policy/sampler_difference': difference,
        'kl/coefficient': klCoefficient,
        'optimizer/learning_rate': learningRate,
        'time/rollout': rolloutSeconds,
        'time/reward': rewardSeconds,
        'time/update': updateSeconds,
        tokens_per_second: answers.reduce((sum, { ids }) => sum + ids.length, 0) / watch.total()
      },
      samples: rolloutSamples(measured),
      alarm: alarm === null ? undefined : new Failure('critic-failing', alarm)
    }
  }

  return {
    step,
    plan: (next) => ({ learningRate: rateOf(next), data: promptsOf(next).map(({ id }) => id) }),
    snapshot: () => ({
      state,
      lora: trainable.kind === 'lora' ? trainable.lora : null,
      counters: { ...memory }
    }),
    restore: ({ state: saved, counters }) => {
      Object.assign(state, saved)
      memory = readMemory(counters)
    }
  }
}

function largestDifference(
  sampler: readonly (readonly number[])[],
  trainer: readonly Float32Array[]
): number {
  let largest = 0
  sampler.forEach((row, sample) =>
    row.forEach((value, token) => {
      largest = Math.max(largest, Math.abs(value - trainer[sample][token]))
    })
  )
  if (largest > SAMPLER_TOLERANCE)
    throw new Failure(
      'sampler-mismatch',
      `Sampler and trainer differ by ${largest.toPrecision(3)} nats on a sampled token; at most ${SAMPLER_TOLERANCE} is sound.`
    )
  return largest
}
