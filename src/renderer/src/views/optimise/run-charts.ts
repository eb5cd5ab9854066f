import type { MetricsRow } from '../../../../contract/job'
import type { ChartData, Curve } from '../../parts/curves'

interface Wanted {
  readonly id: string
  readonly title: string
  readonly unit: string
  readonly curves: readonly (Omit<Curve, 'values'> & { readonly metric: string })[]
  /** Charts of one pair share their vertical axis. */
  readonly pair?: string
}

const one = (metric: string, label: string): Wanted['curves'] => [{ metric, label, colour: '--accent' }]
const byPolarity = (group: string): Wanted['curves'] => [
  { metric: `${group}/positive`, label: 'good', colour: '--good' },
  { metric: `${group}/negative`, label: 'poor', colour: '--poor', dash: [7, 2] },
  { metric: `${group}/neutral`, label: 'unmarked', colour: '--neutral', dash: [2, 2] }
]
const gaps = (group: string): Wanted['curves'] => [
  { metric: `${group}/gap_negative`, label: 'poor − unmarked', colour: '--poor' },
  { metric: `${group}/gap_negative_matched`, label: 'poor, at equal place', colour: '--poor', dash: [3, 3] },
  { metric: `${group}/gap_positive`, label: 'good − unmarked', colour: '--good' },
  { metric: `${group}/gap_positive_matched`, label: 'good, at equal place', colour: '--good', dash: [3, 3] }
]

/** The curves of a run's page, in order. A chart none of whose metrics was measured is left out. */
const wanted: readonly Wanted[] = [
  {
    id: 'reward',
    title: 'Reward of an answer',
    unit: 'mean of the sums',
    curves: one('reward/mean', 'reward')
  },
  {
    id: 'answers',
    title: 'Answers with a mark',
    unit: 'share',
    curves: [
      { metric: 'answers/with_positive', label: 'good', colour: '--good' },
      { metric: 'answers/with_negative', label: 'poor', colour: '--poor', dash: [7, 2] }
    ]
  },
  {
    id: 'train',
    title: 'Since the start, training answers',
    unit: 'nats a token',
    curves: byPolarity('train/logprob_change'),
    pair: 'since'
  },
  {
    id: 'heldout',
    title: 'Since the start, held-out answers',
    unit: 'nats a token',
    curves: byPolarity('heldout/logprob_change'),
    pair: 'since'
  },
  {
    id: 'train-gap',
    title: 'Gap, training answers',
    unit: 'nats a token',
    curves: gaps('train'),
    pair: 'gap'
  },
  {
    id: 'heldout-gap',
    title: 'Gap, held-out answers',
    unit: 'nats a token',
    curves: gaps('heldout'),
    pair: 'gap'
  },
  {
    id: 'kl',
    title: 'KL to the starting model',
    unit: 'nats a token',
    curves: [
      { metric: 'objective/kl', label: 'estimate', colour: '--accent' },
      { metric: 'objective/kl_full', label: 'full vocabulary', colour: '--neutral', dash: [4, 2] }
    ]
  },
  { id: 'update', title: 'Change by one update', unit: 'nats a token', curves: byPolarity('logprob_change') },
  { id: 'length', title: 'Length of an answer', unit: 'tokens', curves: one('length/mean', 'tokens') },
  {
    id: 'coverage',
    title: 'Tokens rewarded',
    unit: 'share',
    curves: [
      { metric: 'delta/coverage_positive', label: 'good', colour: '--good' },
      { metric: 'delta/coverage_negative', label: 'poor', colour: '--poor', dash: [7, 2] }
    ]
  },
  {
    id: 'loss',
    title: 'Loss',
    unit: '',
    curves: [
      { metric: 'loss/policy', label: 'policy', colour: '--accent' },
      { metric: 'loss/value', label: 'value', colour: '--neutral', dash: [4, 2] }
    ]
  },
  { id: 'entropy', title: 'Entropy', unit: 'nats a token', curves: one('objective/entropy', 'entropy') },
  { id: 'clip', title: 'Clipped', unit: 'share of tokens', curves: one('policy/clip_fraction', 'clipped') },
  { id: 'failed', title: 'Answers left out', unit: 'a step', curves: one('critic/failed', 'left out') },
  {
    id: 'time',
    title: 'Time of a step',
    unit: 'seconds',
    curves: [
      { metric: 'time/rollout', label: 'rollout', colour: '--series-1' },
      { metric: 'time/reward', label: 'reward', colour: '--series-3', dash: [5, 2] },
      { metric: 'time/update', label: 'update', colour: '--series-2', dash: [2, 2] }
    ]
  }
]

export interface RunChart extends ChartData {
  readonly id: string
  readonly range?: readonly [number, number]
}

export function runCharts(rows: readonly MetricsRow[]): RunChart[] {
  const charts = wanted.flatMap(({ curves, ...chart }) => {
    const measured = curves.filter(({ metric }) => rows.some((row) => row[metric] !== undefined))
    if (measured.length === 0) return []
    // Metrics that are measured now and then are drawn on those steps alone.
    const used = rows.filter((row) => measured.some(({ metric }) => row[metric] !== undefined))
    const filled = measured.map(({ metric, ...curve }) => ({
      ...curve,
      values: used.map((row) => row[metric] ?? null)
    }))
    return [{ ...chart, steps: used.map(({ step }) => step), curves: filled }]
  })
  const twinsOf = (pair: string | undefined) =>
    pair === undefined ? [] : charts.filter((other) => other.pair === pair)
  const leads = (chart: (typeof charts)[number]) =>
    twinsOf(chart.pair).length > 1 && twinsOf(chart.pair)[0] === chart
  return seatPairs(charts, leads).map(({ pair, ...chart }) => ({
    ...chart,
    range: twinsOf(pair).length > 1 ? sharedRange(twinsOf(pair).flatMap(({ curves }) => curves)) : undefined
  }))
}

/** Two charts a row: where a pair would begin on the right, the next chart that stands alone goes before it. */
function seatPairs<Chart extends { readonly pair?: string }>(
  charts: readonly Chart[],
  leads: (chart: Chart) => boolean
): Chart[] {
  const waiting = [...charts]
  const seated: Chart[] = []
  while (waiting.length > 0) {
    const alone = waiting.findIndex((chart) => chart.pair === undefined)
    const next = leads(waiting[0]) && seated.length % 2 === 1 && alone > 0 ? alone : 0
    seated.push(...waiting.splice(next, 1))
  }
  return seated
}

/** One axis for charts that are compared by eye, zero included. */
function sharedRange(curves: readonly Curve[]): readonly [number, number] {
  const values = curves.flatMap((curve) => curve.values).filter((value) => value !== null)
  const low = Math.min(0, ...values)
  const high = Math.max(0, ...values)
  const room = (high - low || 1) * 0.1
  return [low - room, high + room]
}

/** One metric of several runs in one chart; steps that a run has not reached are empty. */
export function compareChart(
  metric: string,
  runs: readonly { readonly name: string; readonly metrics: readonly MetricsRow[] }[]
): ChartData {
  const steps = [
    ...new Set(
      runs.flatMap(({ metrics }) =>
        metrics.filter((row) => row[metric] !== undefined).map(({ step }) => step)
      )
    )
  ]
  steps.sort((a, b) => a - b)
  const dashes = [undefined, [7, 2], [2, 2], [9, 3, 2, 3], [4, 4], [12, 3]]
  return {
    title: metric,
    unit: '',
    steps,
    curves: runs.map(({ name, metrics }, place) => {
      const byStep = new Map(metrics.map((row) => [row.step, row[metric]]))
      return {
        label: name,
        colour: `--series-${place + 1}`,
        dash: dashes[place],
        values: steps.map((step) => byStep.get(step) ?? null)
      }
    })
  }
}

/** Every metric as a column, every step as a row. */
export function metricsTable(rows: readonly MetricsRow[]): Pick<ChartData, 'steps' | 'curves'> {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((name) => name !== 'step')
  return {
    steps: rows.map(({ step }) => step),
    curves: names.map((name) => ({
      label: name,
      colour: '--ink',
      values: rows.map((row) => row[name] ?? null)
    }))
  }
}
