import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { SampleRow } from '../../../../src/contract/job'
import type { RunConfigInput } from '../../../../src/contract/run-config'
import { parseRunConfig, runFiles, type FrozenAnswer } from '../../../../src/contract/run-record'
import { prepareRun } from '../../../../src/app/runs/prepare'
import { judgeByPeople } from '../../../../src/jobs/run/annotated-answers'
import { train } from '../../../../src/jobs/run/train'
import { scratchFolder } from '../../../pure/engine/checkpoint/scratch'
import { annotatedRun as runOnAnswers, answers, sourceOf } from './annotated-run'
import { adapterBytes, quietHost, timelessMetrics, tinyModel } from './tiny-run'

const scratch = scratchFolder()
let runs = 0

const annotatedRun = (name: string, settings: Partial<RunConfigInput> = {}, given = answers(20)): string =>
  runOnAnswers(join(scratch, `${name}-${++runs}`), settings, given)

const frozen = (dir: string): FrozenAnswer[] =>
  readFileSync(join(dir, runFiles.answers), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as FrozenAnswer)

describe('a run on annotated answers', () => {
  test.each(['unlikelihood', 'clipped'] as const)(
    '%s: pushes the marked words below the others',
    async (surrogate) => {
      const dir = annotatedRun('run', {
        steps: 20,
        optimizer: { learningRate: 3e-3 },
        algorithm: { surrogate }
      })
      expect(await train(dir, quietHost())).toMatchObject({ state: 'finished', step: 20 })
      const rows = timelessMetrics(dir)
      const last = rows[19]
      expect(last['train/gap_negative']).toBeLessThan(-0.05)
      expect(last['train/gap_negative']).toBeCloseTo(
        last['train/logprob_change/negative'] - last['train/logprob_change/neutral'],
        5
      )
      for (const name of ['heldout/gap_negative', 'heldout/gap_negative_matched']) {
        expect(last[`${name}_low`]).toBeLessThanOrEqual(last[name])
        expect(last[`${name}_high`]).toBeGreaterThanOrEqual(last[name])
      }
      expect(last['heldout/kl']).toBeGreaterThan(0)
      // Only the steps that evaluate say so.
      expect(rows.map((row) => 'heldout/kl' in row)).toEqual(rows.map(({ step }) => step % 2 === 0))
    }
  )

  test('stopped and resumed is the unbroken run, bit for bit', async () => {
    const unbroken = annotatedRun('run')
    await train(unbroken, quietHost())
    const broken = annotatedRun('run')
    let told = false
    const stopping = quietHost((event) => {
      if (told || event.kind !== 'progress' || event.progress.done !== 3) return
      told = true
      writeFileSync(join(broken, 'control'), 'stop')
    })
    expect(await train(broken, stopping)).toMatchObject({ state: 'stopped', step: 3 })
    expect(await train(broken, quietHost())).toMatchObject({ state: 'finished', step: 4 })
    expect(adapterBytes(broken)).toEqual(adapterBytes(unbroken))
    expect(timelessMetrics(broken)).toEqual(timelessMetrics(unbroken))
    expect(readFileSync(join(broken, 'samples.jsonl'))).toEqual(readFileSync(join(unbroken, 'samples.jsonl')))
  })

  test('no held-out document ever trains, and the rewards are those of the strip', async () => {
    const dir = annotatedRun('run')
    await train(dir, quietHost())
    const byDocument = new Map(frozen(dir).map((answer) => [answer.documentId, answer]))
    const rows = readFileSync(join(dir, 'samples.jsonl'), 'utf8').trimEnd().split('\n')
    expect(rows.length).toBeGreaterThan(15)
    for (const line of rows) {
      const row = JSON.parse(line) as SampleRow
      const answer = byDocument.get(row.promptId)
      if (!answer) throw new Error('an answer from nowhere')
      expect(answer.split).toBe('train')
      const strip = judgeByPeople(answer, { conflict: 'negative-wins', placement: 'mean', widen: true })
      expect(Float32Array.from(row.rewards)).toEqual(strip.rewards)
    }
  })

  test('what was edited after the start does not reach the run, and a changed file stops it', async () => {
    const dir = annotatedRun('run')
    const file = join(dir, runFiles.answers)
    writeFileSync(file, readFileSync(file, 'utf8').replace('"poor"', '"good"'))
    await expect(train(dir, quietHost())).rejects.toMatchObject({ code: 'run-not-resumable' })
  })

  test('without a single mark there is nothing to train', async () => {
    const dir = annotatedRun(
      'run',
      {},
      answers(10).map((answer) => ({ ...answer, spans: [] }))
    )
    await expect(train(dir, quietHost())).rejects.toMatchObject({ code: 'nothing-to-train' })
  })
})

describe('freezing', () => {
  test('leaves out what nobody has read, and says so', () => {
    const dir = annotatedRun('run')
    expect(frozen(dir).map(({ id }) => id)).not.toContain('answer-3')
    expect(frozen(dir).filter(({ split }) => split === 'held-out')).toHaveLength(4)
  })

  test('leaves out what does not fit the context, counted', () => {
    const long = { ...answers(1)[0], responseId: 'long', text: 'a'.repeat(70), spans: [] }
    const config = parseRunConfig({
      version: 1,
      model: tinyModel(join(scratch, 'model')),
      template: 'none',
      source: 'annotated',
      algorithm: { name: 'span-offline' }
    })
    const { plan } = prepareRun(config, sourceOf([...answers(10), long]))
    expect(plan.dropped).toEqual([
      { reason: 'nobody has submitted an annotation', count: 1 },
      { reason: 'prompt and answer do not fit the context of the model', count: 1 }
    ])
    expect(plan).toMatchObject({ answers: 7, heldOut: 2, unaligned: 0 })
    expect(plan.spans.poor).toBe(plan.tokensRewarded / 2)
  })
})
