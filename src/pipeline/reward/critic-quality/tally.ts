import { goldSpans, tokenLabels, type EvaluatedAnswer, type PredictedSpan } from './answer'
import { matchPolarity } from './span-match'

/** Counts of one polarity. */
export interface PolarityTally {
  /** Tokens: marked by both, by the critic alone, by people alone. */
  readonly hits: number
  readonly falseAlarms: number
  readonly misses: number
  readonly goldSpans: number
  readonly predictedSpans: number
  readonly exact: number
  readonly iou50: number
  /** Sums over the answers that have a value: those where someone marked something, and every failure, with 0. */
  readonly macroPrecision: number
  readonly macroRecall: number
  readonly macroF1: number
  readonly macroAnswers: number
}

/** Everything that adds up over answers; every figure but calibration and agreement is a quotient of sums of these. */
export interface Tally {
  readonly answers: number
  readonly failures: number
  readonly tokens: number
  /** Tokens that both mark with a sign, and those of them whose signs differ. */
  readonly bothSigned: number
  readonly flips: number
  readonly positive: PolarityTally
  readonly negative: PolarityTally
}

const noPolarity: PolarityTally = {
  hits: 0,
  falseAlarms: 0,
  misses: 0,
  goldSpans: 0,
  predictedSpans: 0,
  exact: 0,
  iou50: 0,
  macroPrecision: 0,
  macroRecall: 0,
  macroF1: 0,
  macroAnswers: 0
}

/** One answer. A failed critique predicts nothing, misses every token and span of people, and scores 0 in macro means. */
export function tallyOf(answer: EvaluatedAnswer): Tally {
  const gold = goldSpans(answer)
  const goldLabels = tokenLabels(answer, gold)
  const failed = answer.predicted.status === 'failed'
  const spans: readonly PredictedSpan[] = answer.predicted.status === 'ok' ? answer.predicted.spans : []
  const labels = tokenLabels(answer, spans)
  let bothSigned = 0
  let flips = 0
  for (let token = 0; token < labels.length; token++) {
    const product = labels[token] * goldLabels[token]
    if (product !== 0) bothSigned++
    if (product < 0) flips++
  }
  const polarity = (name: 'good' | 'poor', sign: 1 | -1): PolarityTally => {
    const counts = countSign(goldLabels, labels, sign)
    const matches = matchPolarity(gold, spans, name)
    const counted = failed || counts.hits + counts.falseAlarms + counts.misses > 0
    return {
      ...counts,
      goldSpans: gold.filter((span) => span.polarity === name).length,
      predictedSpans: spans.filter((span) => span.polarity === name).length,
      exact: matches.exact,
      iou50: matches.iou50,
      macroPrecision: counted ? (share(counts.hits, counts.hits + counts.falseAlarms) ?? 0) : 0,
      macroRecall: counted ? (share(counts.hits, counts.hits + counts.misses) ?? 0) : 0,
      macroF1: counted ? (f1Of(counts) ?? 0) : 0,
      macroAnswers: counted ? 1 : 0
    }
  }
  return {
    answers: 1,
    failures: failed ? 1 : 0,
    tokens: labels.length,
    bothSigned,
    flips,
    positive: polarity('good', 1),
    negative: polarity('poor', -1)
  }
}

function countSign(
  gold: Int8Array,
  predicted: Int8Array,
  sign: 1 | -1
): Pick<PolarityTally, 'hits' | 'falseAlarms' | 'misses'> {
  let hits = 0
  let falseAlarms = 0
  let misses = 0
  for (let token = 0; token < gold.length; token++) {
    const [wanted, said] = [gold[token] === sign, predicted[token] === sign]
    if (wanted && said) hits++
    else if (said) falseAlarms++
    else if (wanted) misses++
  }
  return { hits, falseAlarms, misses }
}

/** Sums, name by name. */
export function addTallies(tallies: readonly Tally[]): Tally {
  const sum = {
    answers: 0,
    failures: 0,
    tokens: 0,
    bothSigned: 0,
    flips: 0,
    positive: { ...noPolarity },
    negative: { ...noPolarity }
  }
  const names = Object.keys(noPolarity) as (keyof PolarityTally)[]
  for (const tally of tallies) {
    sum.answers += tally.answers
    sum.failures += tally.failures
    sum.tokens += tally.tokens
    sum.bothSigned += tally.bothSigned
    sum.flips += tally.flips
    for (const side of ['positive', 'negative'] as const)
      for (const name of names) (sum[side] as Record<string, number>)[name] += tally[side][name]
  }
  return sum
}

/** null where there is nothing to divide by. */
export const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole)

export const f1Of = ({
  hits,
  falseAlarms,
  misses
}: Pick<PolarityTally, 'hits' | 'falseAlarms' | 'misses'>): number | null =>
  share(2 * hits, 2 * hits + falseAlarms + misses)
