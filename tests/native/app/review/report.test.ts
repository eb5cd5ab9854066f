import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { renderReport, writeReport } from '../../../../src/app/review/report'
import { readRunDetail } from '../../../../src/app/runs/folder'
import { reviewRequest } from '../../../../src/app/review/review'
import type { MetricsRow } from '../../../../src/contract/job'
import type { ReviewFile } from '../../../../src/contract/run-record'
import { runJob } from '../../../../src/jobs'
import { scratchFolder } from '../../../pure/engine/checkpoint/scratch'
import { adapterBytes, quietHost, tinyRun } from '../../jobs/run/tiny-run'
import { createHash } from 'node:crypto'

const scratch = scratchFolder()
let dir = ''
let page = ''
let rows: MetricsRow[] = []
let review: ReviewFile

beforeAll(async () => {
  dir = tinyRun(scratch, 'a <b>run', { steps: 14, optimizer: { learningRate: 3e-3 } })
  await runJob({ kind: 'train', runDir: dir }, quietHost())
  await runJob(reviewRequest(dir, 3, 5), quietHost())
  review = JSON.parse(readFileSync(join(dir, 'review.json'), 'utf8')) as ReviewFile
  page = readFileSync(writeReport(dir, join(scratch, 'report.html')), 'utf8')
  const lines = readFileSync(join(dir, 'metrics.jsonl'), 'utf8').trimEnd().split('\n')
  rows = lines.map((line) => JSON.parse(line) as MetricsRow)
})

const digits = (value: number): string => String(Number(value.toPrecision(4)))
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length

describe('the report of a run', () => {
  test('has every metric, and each number is what metrics.jsonl says', () => {
    const written = [
      ...page.matchAll(/<tr data-metric="([^"]+)">[^]*?data-first>([^<]+)<[^]*?data-last>([^<]+)</g)
    ]
    const names = new Set(rows.flatMap((row) => Object.keys(row)))
    const expected = [...names].filter(
      (name) => name !== 'step' && name !== 'tokens_per_second' && !name.startsWith('time/')
    )
    expect(written.map(([, name]) => name)).toEqual(expected)
    for (const [, name, first, last] of written) {
      const values = rows.flatMap((row) => (name in row ? [row[name]] : []))
      expect(first).toBe(digits(mean(values.slice(0, 10))))
      expect(last).toBe(digits(mean(values.slice(-10))))
    }
  })

  test('draws curves whose last values are those of the last step', () => {
    const drawn = [...page.matchAll(/data-last="([^"]+)"\s*>\s*([^<\s]+)\s*</g)]
    expect(drawn.length).toBeGreaterThan(5)
    for (const [, name, value] of drawn) {
      const last = rows.filter((row) => name in row).at(-1)
      expect(value).toBe(digits(last?.[name] ?? Number.NaN))
    }
    for (const [, points] of page.matchAll(/<polyline points="([^"]*)"/g))
      expect(points).toMatch(/^[\d., -]+$/)
  })

  test('needs nothing else: no script, no network, nothing of the run as markup', () => {
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'`.replaceAll("'", '&#39;'))
    expect(page).not.toMatch(/<script|<iframe|<link|<img|src=|url\(|https?:|@import/i)
    expect(page).not.toContain('<b>run')
    expect(page).toContain('a &lt;b&gt;run')
  })

  test('is the same for the same folder', () => {
    expect(renderReport(readRunDetail(dir), review)).toBe(page)
  })
})

describe('the review of a run', () => {
  test('has the same prompts and seeds before and after, each side signed', () => {
    expect(review.pairs.map(({ seed }) => seed)).toEqual([5, 6, 7])
    expect(review.step).toBe(14)
    expect(review.before).toEqual({ model: review.after.model, adapter: null })
    expect(review.after.adapter).toBe(createHash('sha256').update(adapterBytes(dir)).digest('hex'))
    expect(review.pairs.some(({ before, after }) => before.text !== after.text)).toBe(true)
  })

  test('has a change of log-probability for every token, and marks inside the text', () => {
    for (const { before, after } of review.pairs)
      for (const { text, ids, offsets, rewards, logProbChange, spans } of [before, after]) {
        for (const list of [offsets, rewards, logProbChange]) expect(list).toHaveLength(ids.length)
        for (const { start, end } of spans) expect('aeiou').toContain([...text].slice(start, end).join(''))
      }
    const changes = review.pairs.flatMap(({ before }) => before.logProbChange)
    expect(changes.some((change) => Math.abs(change) > 0.01)).toBe(true)
  })
})
