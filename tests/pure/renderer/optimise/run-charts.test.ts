import { describe, expect, it } from 'vitest'
import type { MetricsRow } from '../../../../src/contract/job'
import { compareChart, metricsTable, runCharts } from '../../../../src/renderer/src/views/optimise/run-charts'

const rows: readonly MetricsRow[] = [
  { step: 1, 'reward/mean': -0.5 },
  {
    step: 2,
    'reward/mean': -0.25,
    'train/logprob_change/negative': -0.2,
    'heldout/logprob_change/negative': 0.1
  },
  { step: 3, 'reward/mean': 0 }
]

describe('charts of a run', () => {
  it('are those that were measured, on the steps that measured them', () => {
    const charts = runCharts(rows)
    expect(charts.map(({ id }) => id)).toEqual(['reward', 'train', 'heldout'])
    expect(charts[0].curves[0].values).toEqual([-0.5, -0.25, 0])
    expect(charts[1].steps).toEqual([2])
  })

  it('put held-out answers beside training ones on one axis that holds both', () => {
    const [, train, heldOut] = runCharts(rows)
    expect(train.range).toEqual(heldOut.range)
    expect(train.range?.[0]).toBeLessThan(-0.2)
    expect(train.range?.[1]).toBeGreaterThan(0.1)
  })

  it('begin a pair on the left: a chart that stands alone goes before it', () => {
    const more = rows.map((row) => ({ ...row, 'objective/entropy': 1, 'objective/kl': 0 }))
    expect(runCharts(more).map(({ id }) => id)).toEqual(['reward', 'kl', 'train', 'heldout', 'entropy'])
  })

  it('are none before the first step', () => {
    expect(runCharts([])).toEqual([])
  })
})

it('a comparison leaves steps empty that a run has not reached', () => {
  const chart = compareChart('reward/mean', [
    { name: 'one', metrics: rows },
    { name: 'two', metrics: rows.slice(0, 1) }
  ])
  expect(chart.steps).toEqual([1, 2, 3])
  expect(chart.curves.map(({ values }) => values)).toEqual([
    [-0.5, -0.25, 0],
    [-0.5, null, null]
  ])
})

it('the table of all metrics holds every number', () => {
  const { steps, curves } = metricsTable(rows)
  expect(steps).toEqual([1, 2, 3])
  expect(curves.map(({ label }) => label)).toEqual([
    'reward/mean',
    'train/logprob_change/negative',
    'heldout/logprob_change/negative'
  ])
})
