import { bootstrap, mean, meanInterval, type Interval } from '../../review/interval'
import { goldSpans, tokenLabels, type EvaluatedAnswer, type GoldAnswer } from './answer'
import { agreementOf, type Agreement } from './agreement'
import { baselineAnswers, type BaselineName } from './baselines'
import { calibrationOf, type Calibration, type Judgement } from './calibration'
import { figuresOf, type Figures } from './figures'
import type { LeftOut } from './independent'
import { noRouge, rouge, type Rouge } from './rouge'
import { addTallies, tallyOf, type Tally } from './tally'

/** How well a critic marks, on answers that people have marked and that it has not learned from. */
export interface CriticQuality extends Figures {
  readonly answers: number
  readonly documents: number
  /** Annotations that the critic had a part in, which no figure counts; absent in older evaluations. */
  readonly leftOut?: LeftOut
  readonly tokenCount: number
  /** Critiques that failed: refused, unreadable, or with a quote that is nowhere. */
  readonly parseFailures: number
  readonly ece: number | null
  readonly calibration:
    | (Calibration & {
        /** Where P(poor) comes from: the critic's own number for each token, or the confidence of its spans. */
        readonly from: 'tokens' | 'spans'
      })
    | null
  /** Means over the answers that people wrote a critique of; a failed critique has 0. null where there is none. */
  readonly rouge: Rouge | null
  readonly agreement: Agreement
  readonly baselines: Readonly<Record<BaselineName, Figures>>
  /** 95 % intervals by drawing documents anew; null where the figure has no value. */
  readonly intervals: Readonly<Record<string, Interval | null>>
}

export interface QualityOptions {
  /** Answers of train, which the baselines learn from. */
  readonly train: readonly GoldAnswer[]
  readonly seed: number
  readonly resamples?: number
}

/** Method 9.4: every figure of a critic, against people, with intervals and beside baselines. */
export function criticQuality(
  answers: readonly EvaluatedAnswer[],
  { train, seed, resamples = 1000 }: QualityOptions
): CriticQuality {
  const options = { seed, resamples }
  const documents = byDocument(answers)
  const tallies = documents.map((list) => addTallies(list.map(tallyOf)))
  const judgements = documents.map((list) => list.flatMap(judgementsOf))
  const calibration = calibrationOf(judgements.flat())
  const rouges = documents.flatMap((list) => {
    const scores = list.flatMap(rougeOf)
    return scores.length > 0 ? [meanRouge(scores)] : []
  })
  const allRouges = answers.flatMap(rougeOf)

  const baselines = {} as Record<BaselineName, Figures>
  const baselineIntervals: Record<string, Interval | null> = {}
  for (const [name, marked] of Object.entries(baselineAnswers(answers, train, seed)) as [
    BaselineName,
    EvaluatedAnswer[]
  ][]) {
    const own = byDocument(marked).map((list) => addTallies(list.map(tallyOf)))
    baselines[name] = figuresOf(addTallies(own))
    const f1 = (sums: readonly Tally[]): number | null => figuresOf(addTallies(sums)).tokens.negative.f1
    baselineIntervals[`baselines.${name}.tokens.negative.f1`] = bootstrap(own, f1, options)
    const pairs = tallies.map((tally, i) => [tally, own[i]] as const)
    // The same documents on both sides: what they have in common drops out.
    baselineIntervals[`above.${name}.tokens.negative.f1`] = bootstrap(
      pairs,
      (drawn) => difference(f1(drawn.map(([ours]) => ours)), f1(drawn.map(([, theirs]) => theirs))),
      options
    )
  }

  const total = addTallies(tallies)
  const figure = (of: (figures: Figures) => number | null): Interval | null =>
    bootstrap(tallies, (drawn) => of(figuresOf(addTallies(drawn))), options)
  return {
    ...figuresOf(total),
    answers: total.answers,
    documents: documents.length,
    tokenCount: total.tokens,
    parseFailures: total.failures,
    ece: calibration?.ece ?? null,
    calibration: calibration && { ...calibration, from: sourceOf(answers) },
    rouge: allRouges.length > 0 ? meanRouge(allRouges) : null,
    agreement: agreementOf(answers),
    baselines,
    intervals: {
      'tokens.positive.precision': figure(({ tokens }) => tokens.positive.precision),
      'tokens.positive.recall': figure(({ tokens }) => tokens.positive.recall),
      'tokens.positive.f1': figure(({ tokens }) => tokens.positive.f1),
      'tokens.negative.precision': figure(({ tokens }) => tokens.negative.precision),
      'tokens.negative.recall': figure(({ tokens }) => tokens.negative.recall),
      'tokens.negative.f1': figure(({ tokens }) => tokens.negative.f1),
      'macro.positive.f1': figure(({ macro }) => macro.positive.f1),
      'macro.negative.f1': figure(({ macro }) => macro.negative.f1),
      'spans.exactF1': figure(({ spans }) => spans.exactF1),
      'spans.iou50F1': figure(({ spans }) => spans.iou50F1),
      signFlip: figure(({ signFlip }) => signFlip),
      parseFailureRate: figure(({ parseFailureRate }) => parseFailureRate),
      ece: bootstrap(judgements, (drawn) => calibrationOf(drawn.flat())?.ece ?? null, {
        seed,
        resamples: Math.min(resamples, 200)
      }),
      'rouge.rougeL': meanInterval(
        rouges.map(({ rougeL }) => rougeL),
        options
      ),
      ...baselineIntervals
    }
  }
}

const difference = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? null : a - b

function byDocument<A extends GoldAnswer>(answers: readonly A[]): A[][] {
  const groups = new Map<string, A[]>()
  for (const answer of answers) {
    const group = groups.get(answer.documentId)
    if (group) group.push(answer)
    else groups.set(answer.documentId, [answer])
  }
  return [...groups.values()]
}

/** Where a critic has no number of its own for a token, a poor span speaks with its confidence, or 1; the rest is 0. */
function judgementsOf(answer: EvaluatedAnswer): Judgement[] {
  const gold = tokenLabels(answer, goldSpans(answer))
  const said = poorProbabilities(answer)
  return Array.from(gold, (label, token) => ({ said: said[token], poor: label === -1 }))
}

/** P(poor) of each token, in [0, 1]. */
export function poorProbabilities(answer: EvaluatedAnswer): readonly number[] {
  const { predicted, offsets } = answer
  const said = new Array<number>(offsets.length).fill(0)
  if (predicted.status === 'failed') return said
  if (predicted.poorProbability?.length === offsets.length) return predicted.poorProbability
  for (const span of predicted.spans) {
    if (span.polarity !== 'poor') continue
    const covered = tokenLabels(answer, [span])
    covered.forEach((label, token) => {
      if (label === -1) said[token] = Math.max(said[token], span.confidence ?? 1)
    })
  }
  return said
}

const sourceOf = (answers: readonly EvaluatedAnswer[]): 'tokens' | 'spans' =>
  answers.some(({ predicted }) => predicted.status === 'ok' && predicted.poorProbability) ? 'tokens' : 'spans'

/** The best of the people's critiques is the reference, as ROUGE has it with several; none where nobody wrote one. */
function rougeOf({ people, predicted }: EvaluatedAnswer): Rouge[] {
  const written = people.map(({ critique }) => critique).filter((critique) => critique.trim() !== '')
  if (written.length === 0) return []
  if (predicted.status === 'failed') return [noRouge]
  const scores = written.map((reference) => rouge(reference, predicted.critique))
  const best = (name: keyof Rouge): number => Math.max(...scores.map((score) => score[name]))
  return [{ rouge1: best('rouge1'), rouge2: best('rouge2'), rougeL: best('rougeL') }]
}

function meanRouge(scores: readonly Rouge[]): Rouge {
  const of = (name: keyof Rouge): number => mean(scores.map((score) => score[name])) ?? 0
  return { rouge1: of('rouge1'), rouge2: of('rouge2'), rougeL: of('rougeL') }
}
