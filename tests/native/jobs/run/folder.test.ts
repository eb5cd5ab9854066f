import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readMetrics, readRunView, readSamples, tellRun } from '../../../../src/app/runs/folder'
import { runConfig } from '../../../../src/contract/run-config'
import { parseRunConfig, runStateOf, serialiseRunRecord } from '../../../../src/contract/run-record'
import { RunFolder } from '../../../../src/jobs/run/folder'

const config = runConfig.parse({
  version: 1,
  model: 'models/tiny',
  source: 'rollouts',
  prompts: 'prompts.jsonl',
  critic: 'rules:rules.json'
})
const resolved = {
  id: 'b5a1',
  name: 'run 1',
  createdAt: '2026-11-23T12:00:00.000Z',
  hashes: {},
  versions: {},
  commit: null,
  dropped: []
}

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 't2g-run-'))
  writeFileSync(join(dir, 'run.json'), serialiseRunRecord({ config, resolved }))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const sample = (step: number) => ({
  step,
  sample: 0,
  promptId: 'p',
  prompt: 'Once',
  text: 'Once\nupon a time 🙂',
  ids: [1],
  offsets: [[0, 1]] as [number, number][],
  rewards: [0],
  status: 'ok' as const,
  critique: '',
  spans: [],
  finish: 'length' as const
})

describe('run.json', () => {
  it('repeats a run: a run record is a configuration to start from', () => {
    expect(parseRunConfig(JSON.parse(readFileSync(join(dir, 'run.json'), 'utf8')))).toEqual(config)
  })

  it('refuses an unknown key by its name', () => {
    expect(() => parseRunConfig({ ...config, colour: 1 })).toThrow(/colour/)
  })

  it('pins what the run depends on, and refuses to go on with another', () => {
    RunFolder.open(dir).pin('model', 'aaa')
    RunFolder.open(dir).pin('model', 'aaa')
    expect(RunFolder.open(dir).resolved.hashes).toEqual({ model: 'aaa' })
    expect(() => RunFolder.open(dir).pin('model', 'bbb')).toThrow(
      expect.objectContaining({ code: 'run-not-resumable' })
    )
  })

  it('says which file is damaged', () => {
    writeFileSync(join(dir, 'run.json'), '{')
    expect(() => RunFolder.open(dir)).toThrow(expect.objectContaining({ code: 'bad-configuration' }))
  })
})

describe('metrics and samples', () => {
  it('are cut back to a step, and a half-written line is dropped', () => {
    const folder = RunFolder.open(dir)
    for (const step of [1, 2, 3]) {
      folder.appendMetrics({ step, 'loss/policy': step / 2 })
      folder.appendSamples([sample(step), sample(step)])
    }
    const two = readFileSync(join(dir, 'metrics.jsonl'), 'utf8').split('\n').slice(0, 2).join('\n') + '\n'
    appendFileSync(join(dir, 'metrics.jsonl'), '{"step":4,"loss/po')
    expect(readMetrics(dir).map((row) => row.step)).toEqual([1, 2, 3])
    folder.rewindTo(2)
    expect(readFileSync(join(dir, 'metrics.jsonl'), 'utf8')).toBe(two)
    expect(readSamples(dir, 2)).toEqual([sample(2), sample(2)])
    expect(readSamples(dir, 3)).toEqual([])
  })

  it('cut back to step 0 leaves nothing', () => {
    const folder = RunFolder.open(dir)
    folder.appendMetrics({ step: 1 })
    folder.rewindTo(0)
    expect(readFileSync(join(dir, 'metrics.jsonl'), 'utf8')).toBe('')
  })
})

describe('state', () => {
  const running = { state: 'running', step: 3, error: null } as const
  const now = new Date('2026-11-23T12:00:20.000Z')
  const beat = (at: string) => ({ at: `2026-11-23T12:00:${at}.000Z`, pid: 1, host: 'here' })

  it('is interrupted when a running job has been silent for more than 15 seconds or its process is gone', () => {
    expect(runStateOf(running, beat('06'), now)).toBe('running')
    expect(runStateOf(running, beat('04'), now)).toBe('interrupted')
    expect(runStateOf(running, beat('19'), now, false)).toBe('interrupted')
    expect(runStateOf({ ...running, state: 'paused' }, null, now)).toBe('interrupted')
  })

  it('is what the job said last when that was final', () => {
    for (const state of ['stopped', 'finished', 'failed'] as const)
      expect(runStateOf({ ...running, state }, null, now)).toBe(state)
    expect(runStateOf(null, null, now)).toBe('waiting')
  })

  it('reads the word left in control once', () => {
    const folder = RunFolder.open(dir)
    folder.say(running)
    expect(readRunView(dir)).toMatchObject({ state: 'running', step: 3, steps: 150 })
    tellRun(dir, 'pause')
    expect(folder.takeControl()).toBe('pause')
    expect(folder.takeControl()).toBeNull()
    folder.say({ ...running, state: 'finished' })
    expect(() => tellRun(dir, 'stop')).toThrow(expect.objectContaining({ code: 'bad-input' }))
  })
})
