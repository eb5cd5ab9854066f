import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hostJob } from '../../../../src/cli/job-host'
import type { JobControl } from '../../../../src/contract/job'
import type { JobContext } from '../../../../src/jobs/context'
import { sampleAnswers } from '../../../../src/jobs/sample'
import { train } from '../../../../src/jobs/run/train'
import { scratchFolder } from '../../../pure/engine/checkpoint/scratch'
import { annotatedRun } from './annotated-run'
import { adapterBytes, quietHost, timelessMetrics, tinyModel, tinyRun } from './tiny-run'

const scratch = scratchFolder()
const kinds = {
  rollouts: (name: string) => tinyRun(join(scratch, name), 'run', { steps: 2 }),
  annotated: (name: string) => annotatedRun(join(scratch, name), { steps: 2 })
}

/** Says `word` when it is asked for the n-th time, from 0, before the model is loaded. */
function whileLoading(place: number, word: JobControl) {
  let [asked, loading, states] = [0, true, '']
  const context: JobContext = {
    emit: (event) => {
      if (event.kind !== 'progress') return
      states += ` ${event.progress.note ?? 'going'}`
      if (event.progress.note === undefined) loading = false
    },
    takeControl: () => (loading && asked++ === place ? word : null)
  }
  return { context, asked: () => asked, states: () => states }
}

test.each(Object.entries(kinds))(
  'a run is stopped between any two tensors or sessions that it opens, and nothing is half-written: %s',
  async (kind, start) => {
    const whole = start(`${kind} whole`)
    const counting = whileLoading(Infinity, 'stop')
    await train(whole, counting.context)
    // A dozen tensors and three sessions at least.
    expect(counting.asked()).toBeGreaterThan(15)

    const stopped = start(`${kind} stopped`)
    const places = [0, 5, counting.asked() - 2, counting.asked() - 1]
    for (const place of places) {
      const host = whileLoading(place, 'stop')
      expect(await train(stopped, host.context)).toEqual({
        ...{ state: 'stopped', step: 0, adapter: null, checkpoint: null }
      })
      expect(host.asked()).toBe(place + 1)
      expect(JSON.parse(readFileSync(join(stopped, 'state.json'), 'utf8'))).toMatchObject({
        state: 'stopped'
      })
      expect(readdirSync(stopped).filter((name) => name.endsWith('.new'))).toEqual([])
      for (const name of ['metrics.jsonl', 'samples.jsonl', 'checkpoints', 'adapter'])
        expect(existsSync(join(stopped, name)), name).toBe(false)
    }
    expect(await train(stopped, quietHost())).toMatchObject({ state: 'finished', step: 2 })
    expect(timelessMetrics(stopped)).toEqual(timelessMetrics(whole))
    expect(adapterBytes(stopped).equals(adapterBytes(whole))).toBe(true)
  }
)

test('a pause that comes while the model loads is obeyed once it is there', async () => {
  const host = whileLoading(3, 'pause')
  const going: JobContext = {
    emit: (event) => host.context.emit(event),
    takeControl: () => host.context.takeControl() ?? (host.states().endsWith('paused') ? 'continue' : null)
  }
  expect(await train(kinds.rollouts('paused'), going)).toMatchObject({ state: 'finished', step: 2 })
  expect(host.states()).toMatch(/^ loading the model going paused going/)
})

test('the word that another process left in the folder is heard by a job that loads', async () => {
  const dir = tinyRun(join(scratch, 'file'), 'run', { steps: 400 })
  writeFileSync(join(dir, 'control'), 'stop')
  expect(await hostJob({ kind: 'train', runDir: dir })).toMatchObject({ state: 'stopped', step: 0 })
  expect(existsSync(join(dir, 'control'))).toBe(false)
  expect(existsSync(join(dir, 'metrics.jsonl'))).toBe(false)
})

test('sampling is cancelled while its model loads, and no file of answers is left', async () => {
  const promptsFile = join(scratch, 'prompts.jsonl')
  const outFile = join(scratch, 'answers.jsonl')
  writeFileSync(promptsFile, '{"id":"a","messages":[{"role":"user","content":"the dog"}]}\n')
  const model = tinyModel(join(scratch, 'model'))
  const request = {
    ...({ kind: 'sample', model, adapter: null, template: 'none', threads: 1, device: 'cpu' } as const),
    ...{ promptsFile, outFile, samplesPerPrompt: 1, maxNewTokens: 4, temperature: 1, seed: 1 }
  }
  for (const place of [0, 4]) {
    const host = whileLoading(place, 'stop')
    await expect(sampleAnswers(request, host.context)).rejects.toMatchObject({ code: 'cancelled' })
    expect(host.asked()).toBe(place + 1)
    expect(existsSync(outFile)).toBe(false)
  }
})

test('memory "auto" in a run folder, which only a plan can work out, is refused in one sentence', async () => {
  const dir = tinyRun(join(scratch, 'auto'), 'run', { steps: 2 })
  const file = join(dir, 'run.json')
  writeFileSync(file, readFileSync(file, 'utf8').replace('"memory": "fast"', '"memory": "auto"'))
  expect(readFileSync(file, 'utf8')).toContain('"auto"')
  await expect(train(dir, quietHost())).rejects.toMatchObject({
    code: 'bad-configuration',
    message: expect.stringMatching(/memory "auto".*put "fast" or "frugal" back/) as string
  })
  expect(existsSync(join(dir, 'checkpoints'))).toBe(false)
})
