import { f1Of, share, type PolarityTally, type Tally } from './tally'

/** null wherever there is nothing to divide by. */
export interface PrecisionRecall {
  readonly precision: number | null
  readonly recall: number | null
  readonly f1: number | null
}

/** The figures that add up from counts; the same for a critic and for a baseline. */
export interface Figures {
  /** Over all tokens together (micro). `positive` is good, `negative` is poor. */
  readonly tokens: { readonly positive: PrecisionRecall; readonly negative: PrecisionRecall }
  /** Mean over answers in which somebody marked something with that sign; a failure is an answer with 0. */
  readonly macro: { readonly positive: PrecisionRecall; readonly negative: PrecisionRecall }
  readonly spans: { readonly exactF1: number | null; readonly iou50F1: number | null }
  /** Of the tokens that both mark, the share with the opposite sign. */
  readonly signFlip: number | null
  readonly parseFailureRate: number
}

export function figuresOf(tally: Tally): Figures {
  const { positive, negative } = tally
  const spans = positive.goldSpans + positive.predictedSpans + negative.goldSpans + negative.predictedSpans
  return {
    tokens: { positive: micro(positive), negative: micro(negative) },
    macro: { positive: macro(positive), negative: macro(negative) },
    spans: {
      exactF1: share(2 * (positive.exact + negative.exact), spans),
      iou50F1: share(2 * (positive.iou50 + negative.iou50), spans)
    },
    signFlip: share(tally.flips, tally.bothSigned),
    parseFailureRate: share(tally.failures, tally.answers) ?? 0
  }
}

const micro = (tally: PolarityTally): PrecisionRecall => ({
  precision: share(tally.hits, tally.hits + tally.falseAlarms),
  recall: share(tally.hits, tally.hits + tally.misses),
  f1: f1Of(tally)
})

const macro = (tally: PolarityTally): PrecisionRecall => ({
  precision: share(tally.macroPrecision, tally.macroAnswers),
  recall: share(tally.macroRecall, tally.macroAnswers),
  f1: share(tally.macroF1, tally.macroAnswers)
})
