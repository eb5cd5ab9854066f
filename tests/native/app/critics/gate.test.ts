import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { gateOf } from '../../../../src/app/critics/gate'
import { setThresholds, thresholdsView } from '../../../../src/app/critics/thresholds'
import { discardEvaluation, keepEvaluation, prepareEvaluation } from '../../../../src/app/critics/evaluate'
import { readRunDetail } from '../../../../src/app/runs/folder'
import { configFor, startRun } from '../../../../src/app/runs/runs'
import type { EvaluationResult } from '../../../../src/contract/critic-evaluation'
import { runJob } from '../../../../src/jobs'
import { setMeta } from '../../../../src/store/meta'
import { openProject, type Project } from '../../../../src/store/project'
import { RecordWriter } from '../../../../src/store/record-writer'
import { scratchFolder } from '../../../pure/engine/checkpoint/scratch'
import { quietHost, tinyModel } from '../../jobs/run/tiny-run'

const scratch = scratchFolder()
let count = 0
let dir: string
let project: Project

beforeEach(() => {
  dir = join(scratch, String(++count))
  mkdirSync(dir)
  project = openProject(join(dir, 'letters.t2g'), { create: true })
  add(0, 24)
})
afterEach(() => project.close())

/** Answers in which Ada marked the word "cat" as poor; every other document is of the test split. */
function add(from: number, to: number): void {
  project.write((db) => {
    const person = { name: 'Ada', kind: 'person' } as const
    const writer = new RecordWriter(db, { at: '2026-11-23T12:00:00.000Z', defaultPerson: person })
    for (let index = from; index < to; index++)
      writer.write({
        id: `document-${index}`,
        messages: [{ role: 'user', content: 'say' }],
        passages: [],
        extra: {},
        split: index % 2 === 0 ? 'test' : 'train',
        responses: [
          {
            id: `answer-${index}`,
            text: 'the cat sat on it.',
            source: 'somebody',
            extra: {},
            annotations: [
              {
                id: `annotation-${index}`,
                person,
                status: 'submitted',
                critique: 'a cat',
                spans: [{ start: 4, end: 7, polarity: 'poor' }]
              }
            ]
          }
        ]
      })
  })
}

function rules(pattern: string): string {
  const file = join(dir, 'rules.json')
  const rule = { pattern, scope: 'match', polarity: -1, reason: 'an animal' }
  writeFileSync(file, JSON.stringify({ version: 1, rules: [rule] }))
  return `rules:${file}`
}

/** What rules find, kept as if a model on a server had found it: no server is asked. */
async function evaluated(pattern: string, critic: string): Promise<void> {
  const options = { split: 'test', tokenizer: null, seed: 1, resamples: 50, threads: 1 } as const
  const asked = prepareEvaluation(project, { ...options, critic: rules(pattern) })
  const result = (await runJob(asked.request, quietHost())) as EvaluationResult
  discardEvaluation(asked)
  const work = prepareEvaluation(project, { ...options, critic })
  keepEvaluation(work, result)
  discardEvaluation(work)
}

const llm = 'llm:http://127.0.0.1:1#judge'
const run = (critic: string) =>
  configFor(project, {
    version: 1,
    model: tinyModel(join(scratch, 'model')),
    source: 'annotated',
    critic,
    batch: 4,
    steps: 2,
    lora: { rank: 4, alpha: 8 },
    algorithm: { name: 'span-offline' }
  })

test('an evaluation measures a critic on the test split, against people and baselines', async () => {
  const work = prepareEvaluation(project, {
    ...{ critic: rules('cat|sat'), split: 'test', tokenizer: null, seed: 1, resamples: 50, threads: 1 }
  })
  const { quality, version } = (await runJob(work.request, quietHost())) as EvaluationResult
  discardEvaluation(work)
  expect(version).toMatch(/^[0-9a-f]{16}$/)
  expect(quality).toMatchObject({ answers: 12, documents: 12, tokenCount: 72, parseFailures: 0 })
  expect(quality.tokens.negative).toEqual({ precision: 0.5, recall: 1, f1: 2 / 3 })
  // the word is in train, so that a lexicon finds it
  expect(quality.baselines.lexicon.tokens.negative.f1).toBe(1)
  expect(quality.agreement.withCritic).toMatchObject([{ first: 'Ada', second: 'critic', answers: 12 }])
})

test('rules need no evaluation, and the run says so', () => {
  const { dir: folder } = startRun(project, run(rules('cat')))
  expect(readRunDetail(folder).criticGate).toMatchObject({ by: 'exempt', passed: true, override: null })
})

test('a critic that was never evaluated may not train, unless a person says why', () => {
  expect(() => startRun(project, run(llm))).toThrow(
    expect.objectContaining({
      code: 'critic-not-trusted',
      message: expect.stringContaining('not been evaluated')
    })
  )
  const { dir: folder } = startRun(project, run(llm), undefined, { person: 'Ada', reason: 'a trial' })
  const gate = readRunDetail(folder).criticGate
  expect(gate).toMatchObject({
    by: 'evaluation',
    passed: false,
    override: { person: 'Ada', reason: 'a trial' }
  })
  expect(Date.parse(gate!.override!.at)).toBeGreaterThan(Date.parse('2020-01-01'))
})

test('one that passes may train; a worse one, stricter thresholds or another test split say why it may not', async () => {
  await evaluated('cat', llm)
  const { dir: folder } = startRun(project, run(llm))
  expect(readRunDetail(folder).criticGate).toMatchObject({ passed: true, override: null })

  const { current, defaults, changes } = thresholdsView(project)
  expect([current, changes]).toEqual([defaults, []])
  setThresholds(project, { ...current, documents: 13 }, 'Ada')
  expect(gateOf(project, llm).because).toBe(
    'On the test split it was evaluated on 12 documents, fewer than 13.'
  )
  await evaluated('sat', llm)
  expect(gateOf(project, llm).because).toContain('its precision on poor tokens may be as low as 0 %')
  add(24, 26)
  expect(gateOf(project, llm).because).toContain('The test split has changed')
  expect(gateOf(project, 'llm:http://127.0.0.1:1#other').because).toContain('not been evaluated')
})

test('thresholds remember who changed them and when, the latest first, and survive a damaged record', () => {
  const { defaults } = thresholdsView(project)
  setThresholds(project, { ...defaults, poorF1: 0.6 }, 'Ada')
  setThresholds(project, { ...defaults, poorF1: 0.6 }, 'Ben')
  const { current, changes } = setThresholds(project, defaults, 'Ben')
  expect(current).toEqual(defaults)
  expect(changes.map(({ person, thresholds }) => [person, thresholds.poorF1])).toEqual([
    ['Ben', defaults.poorF1],
    ['Ada', 0.6]
  ])
  project.write((db) => setMeta(db, 'critic-thresholds-changes', '[{'))
  expect(thresholdsView(project).changes).toEqual([])
})

test('a run says what its critic was held against', async () => {
  await evaluated('cat', llm)
  const { dir: folder } = startRun(project, run(llm))
  expect(readRunDetail(folder).criticGate?.thresholds).toEqual(thresholdsView(project).defaults)
})
