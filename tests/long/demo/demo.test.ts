import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { demoFiles } from '../../../src/app/demo/demo-runs'
import type { DemoSummary } from '../../../src/app/demo/run-demo'
import { truthOfFile } from '../../../src/app/demo/truth-file'
import { text2grad } from '../../native/cli/run-command'

const out = mkdtempSync(join(tmpdir(), 'demo-'))
afterAll(() => rmSync(out, { recursive: true, force: true }))

test('the demo raises the truth score for certain, and the shuffled control does not', async () => {
  const { exitCode, json, error } = await text2grad('demo', '--json', '--out', out)
  const summary = json as DemoSummary
  expect(exitCode, error).toBe(0)
  expect(summary).toMatchObject({ prompts: 200, improved: true })
  expect(summary.gain.low).toBeGreaterThan(0.1)
  expect(summary.shuffledGain.high).toBeLessThan(summary.gain.low)
  expect(summary.likeliest.after.score).toBeGreaterThan(summary.likeliest.before.score + 0.1)
  expect(summary.seeds).toHaveLength(3)

  const { prompts } = demoFiles(resolve(import.meta.dirname, '../../../resources'))
  for (const { seed, ...scores } of summary.seeds)
    for (const condition of ['before', 'after', 'shuffled'] as const) {
      const truths = truthOfFile(prompts, join(out, `answers-seed-${seed}-${condition}.jsonl`))
      const mean = truths.reduce((sum, { score }) => sum + score, 0) / truths.length
      expect(scores[condition]).toBeCloseTo(mean, 12)
    }

  const report = readFileSync(summary.report, 'utf8')
  expect(report).toContain(summary.means.after.score.toFixed(3))
  expect(report).toContain('Before and after')
  expect(report).not.toMatch(/<script|https?:\/\//)
  expect(summary.runs.every((dir) => existsSync(join(dir, 'adapter')))).toBe(true)

  const again = await text2grad('demo', '--json', '--out', out)
  expect(again).toMatchObject({ exitCode: 1, json: { error: { code: 'bad-input' } } })
})
