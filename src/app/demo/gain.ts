import { mean, pairedDifference, type Interval } from '../../pipeline/review/interval'
import type { Truth } from './truth'

/** The answers to the held-out prompts, with one seed: before training, after it, and after training on moved marks. */
export interface SeedTruths {
  readonly seed: number
  readonly before: readonly Truth[]
  readonly after: readonly Truth[]
  readonly shuffled: readonly Truth[]
}

const conditions = ['before', 'after', 'shuffled'] as const
export type Condition = (typeof conditions)[number]

/** Means over answers. */
export interface Means {
  readonly score: number
  readonly right: number
  readonly wrong: number
  readonly unsupported: number
}

export interface TruthSummary {
  readonly prompts: number
  /** Mean score by seed. */
  readonly seeds: readonly ({ readonly seed: number } & Readonly<Record<Condition, number>>)[]
  /** Over all seeds. */
  readonly means: Readonly<Record<Condition, Means>>
  /** The same of the likeliest answers: what training changed besides how surely the model says what it would say. */
  readonly likeliest: Readonly<Record<Condition, Means>>
  /** Differences of the score, paired by prompt; the interval resamples prompts. */
  readonly gain: Interval
  readonly shuffledGain: Interval
  readonly gainOverShuffled: Interval
  /** The whole interval of the gain lies above zero. */
  readonly improved: boolean
}

/**
 * From answers drawn at temperature 1 and from the likeliest ones (temperature 0).
 * @throws RangeError without seeds or prompts
 */
export function summariseTruth(seeds: readonly SeedTruths[], likeliest: readonly SeedTruths[]): TruthSummary {
  const prompts = seeds[0]?.before.length ?? 0
  /** A prompt's score under one condition, over the seeds: the prompt is the unit that was drawn. */
  const byPrompt = (condition: Condition): number[] =>
    Array.from({ length: prompts }, (_, prompt) =>
      average(seeds.map((truths) => truths[condition][prompt].score))
    )
  const difference = (from: Condition, to: Condition): Interval => {
    const interval = pairedDifference(byPrompt(from), byPrompt(to), { seed: 1 })
    if (interval === null) throw new RangeError('There is no prompt to compare.')
    return interval
  }
  const gain = difference('before', 'after')
  const each = <T>(make: (condition: Condition) => T) =>
    Object.fromEntries(conditions.map((condition) => [condition, make(condition)])) as Record<Condition, T>
  return {
    prompts,
    seeds: seeds.map((truths) => ({
      seed: truths.seed,
      ...each((condition) => average(truths[condition].map(({ score }) => score)))
    })),
    means: each((condition) => meansOf(seeds.flatMap((truths) => truths[condition]))),
    likeliest: each((condition) => meansOf(likeliest.flatMap((truths) => truths[condition]))),
    gain,
    shuffledGain: difference('before', 'shuffled'),
    gainOverShuffled: difference('shuffled', 'after'),
    improved: gain.low > 0
  }
}

function meansOf(truths: readonly Truth[]): Means {
  const of = (key: keyof Truth): number => average(truths.map((truth) => truth[key]))
  return { score: of('score'), right: of('right'), wrong: of('wrong'), unsupported: of('unsupported') }
}

const average = (values: readonly number[]): number => mean(values) ?? 0
