import type { SampleRow } from '../../contract/job'
import type { FrozenPrompt } from '../../contract/run-record'
import type { GeneratedSequence } from '../../engine/generate/generator'
import type { PpoStats } from '../../engine/rl/ppo-step'
import { coverage, explainedVariance, logProbChange } from '../../pipeline/optimise/metrics'
import type { Answer, Judged } from '../critic/judge'
import { mean, meansByPolarity } from '../means'

/** Everything a step of rollouts measured: one entry an answer, arrays one number a token. */
export interface MeasuredRollouts {
  readonly step: number
  readonly prompts: readonly FrozenPrompt[]
  readonly sequences: readonly GeneratedSequence[]
  readonly answers: readonly Answer[]
  readonly judged: readonly Judged[]
  /** What the trainer was given, before KL: after a control and, for scalar-ppo, after the sum. */
  readonly delta: readonly Float32Array[]
  readonly advantages: readonly Float32Array[]
  readonly returns: readonly Float32Array[]
  readonly baselines: readonly Float32Array[]
  /** By the estimator that run.json names. */
  readonly estimatedKl: readonly Float32Array[]
  readonly fullKl: readonly Float32Array[]
  readonly entropy: readonly Float32Array[]
  /** Of each token's log-probability, by the update. */
  readonly change: readonly Float32Array[]
}

/**
 * The metrics of a step, under the field's names. Failed answers are in no mean; a mean over no token is left out.
 * `objective/kl` and `objective/kl_full` are nats a token, `objective/kl_sequence` nats an answer; `reward/mean` is
 * the sum of an answer's rewards; coverages are fractions of tokens, `answers/…` fractions of answers.
 */
export function rolloutMetrics(
  measured: MeasuredRollouts,
  epochs: readonly PpoStats[]
): Record<string, number> {
  const { judged, sequences, fullKl, estimatedKl, entropy, delta, advantages, change } = measured
  const counted = judged.flatMap(({ status }, sample) => (status === 'ok' ? [sample] : []))
  const overTokens = (rows: readonly Float32Array[]): number =>
    mean(counted.flatMap((sample) => [...rows[sample]]))
  const perAnswer = (rows: readonly Float32Array[]): number =>
    mean(counted.map((sample) => rows[sample].reduce((sum, value) => sum + value, 0)))
  const labelled = (rows: readonly Float32Array[]) =>
    counted.map((sample) => ({ values: rows[sample], labels: judged[sample].labels, ok: true }))
  const flat = (rows: readonly Float32Array[]): Float32Array =>
    Float32Array.from(counted.flatMap((sample) => [...rows[sample]]))
  const explained = explainedVariance(flat(measured.returns), flat(measured.baselines))
  const share = (test: (sample: number) => boolean): number =>
    counted.length === 0 ? 0 : counted.filter(test).length / counted.length
  const average = (name: keyof PpoStats): number => mean(epochs.map((stats) => stats[name]))
  return {
    'loss/policy': average('policyLoss'),
    'loss/value': average('valueLoss'),
    'objective/kl': overTokens(estimatedKl),
    'objective/kl_full': overTokens(fullKl),
    'objective/kl_sequence': perAnswer(fullKl),
    'objective/entropy': overTokens(entropy),
    'reward/mean': perAnswer(delta),
    ...coverage(labelled(delta)),
    'answers/with_positive': share((sample) => judged[sample].spans.some(({ label }) => label > 0)),
    'answers/with_negative': share((sample) => judged[sample].spans.some(({ label }) => label < 0)),
    'critic/failed': judged.length - counted.length,
    'align/widened': counted.reduce((sum, sample) => sum + judged[sample].widened, 0),
    'policy/approx_kl': average('approxKl'),
    'policy/clip_fraction': average('clipFraction'),
    'policy/ratio': epochs.length === 0 ? 1 : average('ratio'),
    'policy/gradient_norm': average('gradientNorm'),
    ...(explained === null ? {} : { 'value/explained_variance': explained }),
    ...meansByPolarity('advantage', labelled(advantages)),
    ...logProbChange(labelled(change)),
    'length/mean': mean(counted.map((sample) => sequences[sample].ids.length)),
    'length/ended': share((sample) => sequences[sample].finish === 'eos')
  }
}

/** The answers of a step as the trainer saw them. */
export function rolloutSamples(measured: MeasuredRollouts): SampleRow[] {
  const { step, prompts, sequences, answers, judged, delta, change } = measured
  return answers.map(({ text, ids, offsets }, sample) => ({
    step,
    sample,
    promptId: prompts[sample].id,
    prompt: prompts[sample].messages.at(-1)?.content ?? '',
    text,
    ids,
    offsets,
    rewards: [...delta[sample]],
    logProbChange: [...change[sample]].map((value) => Number(value.toPrecision(5))),
    status: judged[sample].status,
    reason: judged[sample].reason,
    critique: judged[sample].critique,
    spans: judged[sample].spans,
    finish: sequences[sample].finish
  }))
}
