import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { App } from '../../../../src/app/handlers'
import { openToRead } from '../../../../src/app/open-to-read'
import { ReadingThread } from '../../../../src/app/reading/reading-thread'
import { writeRunOf } from '../../../../src/app/runs/project'
import { configFor } from '../../../../src/app/runs/runs'
import type { AppEvent } from '../../../../src/contract/ipc'
import type { Progress } from '../../../../src/contract/job'
import { frozenAnswer, parseRunRecord } from '../../../../src/contract/run-record'
import type { StoreHandlers } from '../../../../src/contract/store-wire'
import { openProject } from '../../../../src/store/project'
import { RecordWriter } from '../../../../src/store/record-writer'
import { runsThatLearnedFrom } from '../../../../src/store/runs'
import { tinyModel } from '../../jobs/run/tiny-run'
import { temporaryFolder } from '../../store/temporary-folder'

const at = temporaryFolder()
const count = 300
let app: App
let handlers: StoreHandlers
let events: AppEvent[]
let reading: ReadingThread

/** Documents of the train split with an answer each that somebody marked. */
function fill(): void {
  const project = openProject(at('one.t2g'), { create: true })
  const person = { name: 'Ada', kind: 'person' } as const
  project.write((db) => {
    const writer = new RecordWriter(db, { at: '2026-11-23T12:00:00.000Z', defaultPerson: person })
    const spans = [{ start: 4, end: 7, polarity: 'poor' }] as const
    for (let index = 0; index < count; index++) {
      const annotation = {
        id: `annotation-${index}`,
        person,
        status: 'submitted',
        critique: '',
        spans
      } as const
      const common = { source: 'somebody', extra: {}, annotations: [annotation] }
      writer.write({
        ...{ id: `document-${index}`, messages: [{ role: 'user', content: 'aaa' }], split: 'train' },
        ...{ passages: [], extra: {}, responses: [{ id: `answer-${index}`, text: 'the cat sat', ...common }] }
      })
    }
  })
  project.close()
}

beforeEach(async () => {
  fill()
  events = []
  const nothing = (): void => undefined
  app = new App({
    ...{ userData: at('user'), resources: at('resources'), host: nothing },
    emit: (event) => void events.push(event)
  })
  handlers = app.handlers()
  reading = new ReadingThread()
  await handlers['project.open'](at('one.t2g'))
  writeFileSync(at('rules.json'), '{"version":1,"rules":[{"pattern":"cat","polarity":-1,"reason":"a cat"}]}')
})
afterEach(() => {
  reading.close()
  app.close()
})

const asked = () => ({
  ...{ version: 1, model: tinyModel(at('model')), source: 'rollouts', prompts: { project: 'split:all' } },
  ...{ critic: `rules:${at('rules.json')}`, sampling: { maxNewTokens: 6 }, batch: 4, steps: 2 }
})
const toWrite = () => ({
  ...{ config: configFor(null, asked()), dir: at('runs/run-1'), criticGate: null, overMemory: false }
})

test('another thread writes the folder: it is there though the thread that asked does nothing but wait', async () => {
  await handlers['annotate.apply']({
    responseId: 'answer-0',
    change: { type: 'set-critique', critique: 'A cat.' }
  })
  const told: Progress[] = []
  const signal = new AbortController().signal
  const file = at('one.t2g')
  const writing = reading.ask(
    'write-run',
    { file, run: toWrite() },
    { signal, onProgress: (progress) => void told.push(progress) }
  )
  const pause = new Int32Array(new SharedArrayBuffer(4))
  // No turn of this thread's loop from here on.
  for (let waited = 0; waited < 1200 && !existsSync(at('runs/run-1/run.json')); waited++)
    Atomics.wait(pause, 0, 0, 50)
  expect(existsSync(at('runs/run-1/run.json'))).toBe(true)
  const { dir, sequence } = await writing
  expect(sequence).toBe(1)
  expect(told.map(({ done, total, unit }) => [done, total, unit])).toEqual(
    [64, 128, 192, 256].map((done) => [done, count, 'prompts'])
  )
  const lines = readFileSync(`${dir}/data/prompts.jsonl`, 'utf8').split('\n')
  expect(lines).toHaveLength(count + 1)
  expect(parseRunRecord(JSON.parse(readFileSync(`${dir}/run.json`, 'utf8'))).resolved.hashes.data).toMatch(
    /^[0-9a-f]{64}$/
  )
  expect(readdirSync(at('runs'))).toEqual(['run-1'])
})

test('cancelled before, in the midst of it or after the data, it leaves nothing', async () => {
  const signal = AbortSignal.abort()
  const onProgress = (): void => undefined
  await expect(
    reading.ask('write-run', { file: at('one.t2g'), run: toWrite() }, { signal, onProgress })
  ).rejects.toMatchObject({
    code: 'cancelled'
  })
  const cancelled = new Error('told to stop')
  // Before, once a prompt, and once the plan is there.
  for (const last of [1, 150, count + 2]) {
    let calls = 0
    const goOn = (): void => {
      if (++calls === last) throw cancelled
    }
    await expect(writeRunOf(at('one.t2g'), toWrite(), { onProgress, goOn })).rejects.toBe(cancelled)
    expect(calls).toBe(last)
    if (existsSync(at('runs'))) expect(readdirSync(at('runs'))).toEqual([])
  }
  const run = await writeRunOf(at('one.t2g'), toWrite(), { onProgress, goOn: () => undefined })
  expect(existsSync(`${run.dir}/run.json`)).toBe(true)
})

test('a start in the window is work that ends, and the run knows what it learns from', async () => {
  const config = { ...asked(), source: 'annotated', prompts: undefined, critic: null }
  const run = await handlers['runs.start']({
    config: { ...config, algorithm: { name: 'span-offline' } }
  })
  expect(events.filter(({ kind }) => kind === 'work').at(-1)).toMatchObject({
    progress: { total: count, unit: 'answers' }
  })
  expect(events.filter(({ kind }) => kind === 'work-ended').length).toBeGreaterThan(0)
  const lines = readFileSync(`${run.dir}/data/answers.jsonl`, 'utf8').trim().split('\n')
  const [first] = lines.map((line) => frozenAnswer.parse(JSON.parse(line)))
  expect(lines).toHaveLength(count)
  expect(first.spans).toMatchObject([{ start: 4, end: 7, polarity: 'poor' }])
  const project = openToRead(at('one.t2g'))
  expect(project.read((db) => runsThatLearnedFrom(db, 'annotation-7'))).toEqual([run.runId])
  project.close()
})
