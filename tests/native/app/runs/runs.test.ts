import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { configDifferences } from '../../../../src/app/runs/compare'
import { LongWork } from '../../../../src/app/long-work'
import { exportable, exportRequest } from '../../../../src/app/runs/export-model'
import { runHandlers } from '../../../../src/app/runs/handlers'
import { planMemory, requireFits } from '../../../../src/app/runs/memory'
import { planRunOf } from '../../../../src/app/runs/project'
import { inThisThread } from '../reading/in-this-thread'
import { prepareRun } from '../../../../src/app/runs/prepare'
import { configFor, listRuns, rebuildRunIndex, runsFolderOf } from '../../../../src/app/runs/runs'
import { projectSource } from '../../../../src/app/runs/source'
import type { AppEvent } from '../../../../src/contract/ipc'
import type { JobControl, JobEvent, JobRequest } from '../../../../src/contract/job'
import { runConfig } from '../../../../src/contract/run-config'
import { TrainerLock } from '../../../../src/files/trainer-lock'
import { runJob } from '../../../../src/jobs'
import { openProject, type Project } from '../../../../src/store/project'
import { RecordWriter } from '../../../../src/store/record-writer'
import { runsThatLearnedFrom } from '../../../../src/store/runs'
import { scratchFolder } from '../../../pure/engine/checkpoint/scratch'
import { tinyModel } from '../../jobs/run/tiny-run'

const scratch = scratchFolder()
let count = 0
let project: Project
let events: AppEvent[] = []
let jobs: JobRequest[] = []
let finish: (() => void)[] = []
let listeners: ((event: JobEvent) => void)[] = []

/** Twelve documents with an answer each, of which all but the last were read and marked. */
function fill(): void {
  project.write((db) => {
    const person = { name: 'Ada', kind: 'person' } as const
    const writer = new RecordWriter(db, { at: '2026-11-23T12:00:00.000Z', defaultPerson: person })
    for (let index = 0; index < 12; index++)
      writer.write({
        id: `document-${index}`,
        messages: [{ role: 'user', content: `say ${index}`.replace(/\d/g, 'a') }],
        passages: [],
        extra: {},
        split: index % 4 === 0 ? 'test' : 'train',
        responses: [
          {
            id: `answer-${index}`,
            text: 'the cat sat on it.',
            source: 'somebody',
            extra: {},
            annotations:
              index === 11
                ? []
                : [
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

beforeEach(() => {
  const dir = join(scratch, String(++count))
  mkdirSync(dir)
  project = openProject(join(dir, 'letters.t2g'), { create: true })
  fill()
  events = []
  jobs = []
  finish = []
  listeners = []
})
afterEach(() => project.close())

/** Does jobs in this process, when told to. */
const host = (request: JobRequest, listener: (event: JobEvent) => void): void => {
  jobs.push(request)
  listeners.push(listener)
  finish.push(() => listener({ kind: 'done', result: null }))
}
const emit = (event: AppEvent): void => void events.push(event)
const work = new LongWork((event) => emit(event))
let controls: JobControl[] = []
const runs = () => {
  controls = []
  return runHandlers({
    project: () => project,
    host,
    control: (word) => void controls.push(word),
    person: () => 'Ada',
    emit,
    work,
    reading: inThisThread,
    allowedHosts: () => []
  })
}
const handlers = () => runs().handlers

const annotated = () => ({
  version: 1,
  model: tinyModel(join(scratch, 'model')),
  source: 'annotated',
  batch: 4,
  steps: 2,
  checkpointEvery: 1,
  evaluateEvery: 2,
  sampling: { maxNewTokens: 6 },
  lora: { rank: 4, alpha: 8 },
  algorithm: { name: 'span-offline' }
})

describe('runs of a project', () => {
  test('the dry run counts what would train and what is left out, and writes nothing', async () => {
    expect(await handlers()['runs.plan']({ config: annotated() })).toMatchObject({
      answers: 8,
      heldOut: 3,
      spans: { good: 0, poor: 8, neutral: 0 },
      tokensRewarded: 24,
      tokens: 8 * 18,
      unaligned: 0,
      dropped: [{ reason: 'nobody has submitted an annotation', count: 1 }]
    })
    expect(existsSync(runsFolderOf(project))).toBe(false)
    expect(handlers()['runs.list']()).toEqual([])
  })

  test('a start writes a folder beside the project, knows what it learns from, and takes one job at a time', async () => {
    const table = handlers()
    const run = await table['runs.start']({ config: annotated() })
    expect(run).toMatchObject({ name: 'run-1', state: 'waiting', dir: join(runsFolderOf(project), 'run-1') })
    expect(jobs).toEqual([{ kind: 'train', runDir: run.dir }])
    expect(project.read((db) => runsThatLearnedFrom(db, 'annotation-1'))).toEqual([run.runId])
    expect(project.read((db) => runsThatLearnedFrom(db, 'annotation-0'))).toEqual([])
    await expect(table['runs.start']({ config: annotated() })).rejects.toMatchObject({ code: 'trainer-busy' })
    expect(readdirSync(runsFolderOf(project))).toEqual(['run-1'])
    finish[0]()
    expect((await table['runs.start']({ config: annotated() })).name).toBe('run-2')
  })

  test('a run that another program works in is not taken up, and one that it was faster to take says so', async () => {
    const table = handlers()
    const { runId, dir } = await table['runs.start']({ config: annotated() })
    const error = { code: 'trainer-busy', message: 'The folder is taken.' } as const
    listeners[0]({ kind: 'failed', error })
    expect(events.at(-1)).toMatchObject({ kind: 'run', run: { state: 'waiting', error } })

    const lock = TrainerLock.take(dir)
    writeFileSync(join(dir, 'control'), 'stop')
    expect(() => table['runs.resume']({ runId })).toThrow(expect.objectContaining({ code: 'trainer-busy' }))
    expect(existsSync(join(dir, 'control'))).toBe(true)
    lock.release()
    expect(table['runs.resume']({ runId })).toMatchObject({ state: 'waiting' })
    expect(existsSync(join(dir, 'control'))).toBe(false)
  })

  test('a run that does not fit is refused with what would take less, unless it is told to start', async () => {
    const config = { ...annotated(), lora: null }
    const plan = await planRunOf(project.file, configFor(project, config))
    expect(plan.memory.fits).toBe(true)
    expect(plan.memory.sessions.map(({ name }) => name)).toContain('step')
    const { model, lengths } = prepareRun(configFor(project, config), projectSource(project))
    const small = await planMemory(plan.config, model, lengths, plan.memory.total / 2)
    expect(small.fits).toBe(false)
    expect(small.advice.length).toBeGreaterThan(0)
    for (const { bytes } of small.advice) expect(bytes).toBeLessThan(plan.memory.total)
    expect(() => requireFits(small)).toThrow(
      expect.objectContaining({
        code: 'out-of-memory-estimate',
        message: expect.stringMatching(/^The run would take .* and this machine has .*--over-memory\.$/)
      })
    )
    expect(() => requireFits(plan.memory)).not.toThrow()
  })

  test('a job that is no run is shown as work, and cancelling it tells it to stop', async () => {
    const done = runs().doJob('Sampling', { kind: 'review', runDir: '', outFile: '', count: 1, seed: 1 })
    listeners[0]({ kind: 'progress', progress: { done: 1, total: 4, unit: 'answers' } })
    const shown = events.find((event) => event.kind === 'work')
    expect(shown).toMatchObject({ title: 'Sampling', progress: { done: 1, total: 4 } })
    work.cancel(shown?.workId ?? '')
    expect(controls).toEqual(['stop'])
    listeners[0]({ kind: 'failed', error: { code: 'cancelled', message: 'Stopped.' } })
    await expect(done).rejects.toMatchObject({ code: 'cancelled' })
    expect(events.at(-1)?.kind).toBe('work-ended')
  })

  test('trained, shown, reviewed once, and found again by its folder', async () => {
    const table = handlers()
    const { runId, dir } = await table['runs.start']({ config: annotated() })
    await runJob({ kind: 'train', runDir: dir }, { emit: () => undefined, takeControl: () => null })
    finish[0]()
    expect(events.at(-1)).toMatchObject({ kind: 'run', run: { state: 'finished', step: 2 } })
    const detail = table['runs.show']({ runId, fromStep: 2 })
    expect(detail.metrics.map(({ step }) => step)).toEqual([2])
    expect(Object.keys(detail.hashes).sort()).toEqual(['config', 'data', 'model', 'tokenizer'])
    expect(table['runs.samples']({ runId, step: 1 })).toHaveLength(4)
    expect(() => table['runs.resume']({ runId })).toThrow(
      expect.objectContaining({ code: 'run-not-resumable' })
    )

    const [last] = exportable(project, [])
    expect(last).toMatchObject({ of: { runId, weights: 'last' }, name: 'run-1', detail: 'last step, 2' })
    expect(last.forms).toContain('adapter')
    expect(exportRequest(() => project, last.of, 'gguf-f16', '/out')).toMatchObject({
      ...{ kind: 'export', format: 'gguf', type: 'f16', out: '/out', adapter: join(dir, 'adapter') },
      ...{ model: annotated().model, modelSha256: detail.hashes.model }
    })

    const reviewing = table['review.open']({ runId })
    await runJob(jobs[1], { emit: () => undefined, takeControl: () => null })
    finish[1]()
    const review = await reviewing
    expect(review.pairs.length).toBeGreaterThan(0)
    expect(review.before.model).toBe(detail.hashes.model)
    await table['review.open']({ runId })
    expect(jobs).toHaveLength(2)

    // The folder is the truth: moved, the run is gone from the list; back, it is found.
    renameSync(dir, `${dir}-elsewhere`)
    expect(listRuns(project)).toEqual([])
    expect(() => table['runs.show']({ runId, fromStep: 0 })).toThrow(
      expect.objectContaining({ code: 'not-found' })
    )
    rebuildRunIndex(project)
    expect(listRuns(project)).toMatchObject([{ runId, state: 'finished', dir: `${dir}-elsewhere` }])
  })

  test('a damaged run folder does not keep a project shut', async () => {
    const { dir } = await handlers()['runs.start']({ config: annotated() })
    writeFileSync(join(dir, 'run.json'), '{"version":1')
    expect(() => rebuildRunIndex(project)).not.toThrow()
    rmSync(dir, { recursive: true })
    rebuildRunIndex(project)
    expect(listRuns(project)).toEqual([])
  })

  test('compare names the settings that differ, and only those', () => {
    const config = runConfig.parse({ ...annotated() })
    const other = { ...config, seed: 2, algorithm: { ...config.algorithm, lambda: 0 } }
    expect(configDifferences([{ config }, { config: other }])).toEqual({
      seed: [1, 2],
      'algorithm.lambda': [0.95, 0]
    })
  })
})
