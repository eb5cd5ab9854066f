import { existsSync, writeFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { App } from '../../../../src/app/handlers'
import { openToRead } from '../../../../src/app/open-to-read'
import { projectSource } from '../../../../src/app/runs/source'
import type { StoreHandlers } from '../../../../src/contract/store-wire'
import { tinyModel } from '../../jobs/run/tiny-run'
import { temporaryFolder } from '../../store/temporary-folder'

const at = temporaryFolder()
let app: App
let handlers: StoreHandlers

beforeEach(async () => {
  const nothing = (): void => undefined
  app = new App({ userData: at('user'), resources: at('resources'), host: nothing, emit: nothing })
  handlers = app.handlers()
  await handlers['project.create'](at('one.t2g'))
  writeFileSync(at('in.jsonl'), '{"prompt":"aaa","response":"the cat"}\n')
  await handlers['project.import']({ file: at('in.jsonl') })
  writeFileSync(at('rules.json'), '{"version":1,"rules":[{"pattern":"cat","polarity":-1,"reason":"a cat"}]}')
})
afterEach(() => app.close())

/** So many answers a step that no machine has the memory, and every way to need less is worked out. */
const tooLarge = () => ({
  version: 1,
  model: tinyModel(at('model')),
  source: 'rollouts',
  prompts: { project: 'split:all' },
  critic: `rules:${at('rules.json')}`,
  sampling: { maxNewTokens: 24 },
  batch: Math.ceil(totalmem() / 200_000)
})

test('what is typed is saved while a plan is made, and waits for no part of it', async () => {
  const page = { status: 'all', search: '', offset: 0, limit: 10 } as const
  const { responseId } = (await handlers['annotate.queue'](page)).rows[0]
  const started = performance.now()
  let planned = false
  const planning = Promise.resolve(handlers['runs.plan']({ config: tooLarge() })).finally(
    () => (planned = true)
  )
  let saved = 0
  let longest = 0
  for (let before = performance.now(); !planned; before = performance.now()) {
    await new Promise(setImmediate)
    await handlers['annotate.apply']({
      responseId,
      change: { type: 'set-critique', critique: `draft ${saved++}` }
    })
    longest = Math.max(longest, performance.now() - before)
  }
  const { memory } = await planning
  expect(memory.fits).toBe(false)
  expect(memory.advice.length).toBeGreaterThan(0)
  // A tenth of a second, or on a busy machine a part of what a plan takes: in one thread it is all of it.
  expect(longest).toBeLessThan(Math.max(100, (performance.now() - started) / 4))
})

test('a failure comes back with its code, and a thread that was ended is started again', async () => {
  await expect(handlers['runs.plan']({ config: { ...tooLarge(), model: at('none') } })).rejects.toMatchObject(
    {
      code: 'not-found'
    }
  )
  const left = handlers['runs.plan']({ config: tooLarge() })
  app.close()
  await expect(left).rejects.toMatchObject({ code: 'internal', message: expect.stringMatching(/ask again/) })
  await handlers['project.open'](at('one.t2g'))
  expect(await handlers['runs.plan']({ config: { ...tooLarge(), batch: 4 } })).toMatchObject({
    prompts: 1,
    memory: { fits: true }
  })
})

test('what a critic would send is worked out there too, and a host that nobody allowed is refused before anything is written', async () => {
  const critic = 'llm:https://judge.example/v1#m'
  const config = { ...tooLarge(), batch: 4, steps: 2, critic }
  expect(await handlers['critics.preview']({ work: 'predict', critic, split: 'all' })).toMatchObject({
    answers: 1,
    host: 'judge.example',
    allowed: false,
    request: expect.stringContaining('the cat')
  })
  expect(await handlers['critics.preview']({ work: 'evaluate', critic, split: 'train' })).toMatchObject({
    answers: 0
  })
  expect(await handlers['critics.preview']({ work: 'predict', critic: 'tests', split: 'all' })).toBeNull()
  expect(await handlers['runs.preview']({ config })).toMatchObject({
    answers: 8,
    request: expect.stringContaining('{{answer}}')
  })
  expect(handlers['critics.gate']({ critic })).toMatchObject({ passed: false })
  const start = { config, overrideGate: 'a trial' }
  await expect(handlers['runs.start'](start)).rejects.toMatchObject({ code: 'host-not-allowed' })
  expect(existsSync(at('one.runs'))).toBe(false)
  await handlers['settings.set']({ allowedHosts: ['judge.example'] })
  expect(await handlers['runs.preview']({ config })).toMatchObject({ allowed: true })
})

test('tests that came with an answer reach the critic of a run on the project’s prompts', async () => {
  const line = { prompt: 'def f():\n', response: '  return 1', test: 'def check(f): pass', entry_point: 'f' }
  writeFileSync(at('code.jsonl'), `${JSON.stringify(line)}\n`)
  await handlers['project.import']({ file: at('code.jsonl') })
  app.close()
  const project = openToRead(at('one.t2g'))
  const prompts = projectSource(project).prompts('all')
  project.close()
  expect(prompts.map(({ tests }) => tests?.entryPoint)).toEqual([undefined, 'f'])
})
