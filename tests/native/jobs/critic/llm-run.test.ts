import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { renderReport } from '../../../../src/app/review/report'
import { readRunDetail } from '../../../../src/app/runs/folder'
import { startRun } from '../../../../src/app/runs/runs'
import { hostJob } from '../../../../src/cli/job-host'
import { runAnswer, runText } from '../../../../src/cli/run-answer'
import type { Critic } from '../../../../src/contract/critic'
import type { SampleRow } from '../../../../src/contract/job'
import type { RunConfigInput } from '../../../../src/contract/run-config'
import { parseRunConfig } from '../../../../src/contract/run-record'
import * as critics from '../../../../src/jobs/critic/open'
import { parametersHash } from '../../../../src/jobs/model/policy'
import { RunFolder } from '../../../../src/jobs/run/folder'
import { reviewRun } from '../../../../src/jobs/review'
import { train } from '../../../../src/jobs/run/train'
import { openRolloutsLoop } from '../../../../src/jobs/run/rollouts'
import {
  ChatServer,
  honestly,
  replies,
  responseIn,
  type Behaviour
} from '../../../pure/critics/llm/bad-server'
import { scratchFolder } from '../../../pure/engine/checkpoint/scratch'
import { annotatedRun } from '../run/annotated-run'
import { adapterBytes, quietHost, timelessMetrics, tinyModel } from '../run/tiny-run'

const scratch = scratchFolder()
let runs = 0
const root = (): string => join(scratch, `llm-${++runs}`)
const server = new ChatServer(honestly)
beforeAll(async () => void (await server.start()))
afterAll(() => server.stop())
beforeEach(() => {
  server.behaviour = honestly
  server.asked.length = 0
})

/** A run on rollouts whose critic is the server; it is not asked twice. */
function llmRun(settings: Partial<RunConfigInput> = {}, more: object = {}): string {
  const folder = root()
  const model = tinyModel(join(folder, 'model'))
  writeFileSync(join(folder, 'prompts.jsonl'), '{"prompt":"the "}\n{"prompt":"a dog"}\n{"prompt":""}\n')
  const critic = join(folder, 'critic.json')
  const whole = { version: 1, url: server.url, model: 'test', retries: 0, concurrency: 4, ...more }
  writeFileSync(critic, JSON.stringify(whole))
  const config = parseRunConfig({
    ...{ version: 1, model, template: 'none', source: 'rollouts', critic: `llm:${critic}` },
    ...{ prompts: join(folder, 'prompts.jsonl'), batch: 10, steps: 4, checkpointEvery: 2 },
    ...{ sampling: { maxNewTokens: 10 }, lora: { rank: 4, alpha: 8 } },
    ...settings
  })
  return startRun(null, config, join(folder, 'run'), { person: 'test', reason: 'a test' }).dir
}

const samples = (dir: string): SampleRow[] =>
  readFileSync(join(dir, 'samples.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as SampleRow)

/** Three ways in which a server fails, in turn, on the answers that `fails` says; honest on the others. */
const badly =
  (fails: (answer: string) => boolean): Behaviour =>
  (response, asked, index) => {
    const text = responseIn(asked)
    if (!fails(text)) return honestly(response, asked, index)
    const ways: Behaviour[] = [
      replies('{"critique":"it breaks of'),
      replies('{"critique":"x","spans":[{"quote":"QQ","occurrence":1,"polarity":"poor","reason":"r"}]}'),
      (to) => to.writeHead(500).end()
    ]
    ways[index % 3](response, asked, index)
  }

/** A number that an answer always has, spread evenly. */
const mark = (answer: string): number =>
  [...answer].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 1009, 7)

describe('a run whose critic is a model on a server', () => {
  test('learns, names its critic, and hears the same when it is resumed', async () => {
    const whole = llmRun()
    await train(whole, quietHost())
    expect(samples(whole).some(({ spans }) => spans.length > 0)).toBe(true)
    expect(RunFolder.open(whole).resolved.hashes).toHaveProperty('critic')
    const asked = server.asked.length
    expect(asked).toBeGreaterThan(0)
    expect(existsSync(join(whole, 'data/llm-critic.json'))).toBe(true)
    expect(readFileSync(join(whole, 'log.txt'), 'utf8')).not.toContain(samples(whole)[0].text)

    // The last two steps once more: nobody is asked again, although the server would now say something else.
    const finished = adapterBytes(whole)
    writeFileSync(join(whole, 'checkpoints/4/optimizer.safetensors'), 'torn')
    server.behaviour = replies('{"critique":"all is well","spans":[]}')
    await train(whole, quietHost())
    expect(server.asked.length).toBe(asked)
    expect(adapterBytes(whole)).toEqual(finished)
  })

  test('has one budget, however often it is resumed', async () => {
    const dir = llmRun({ checkpointEvery: 1 }, { budget: { requests: 25 } })
    let told = false
    const stopping = quietHost((event) => {
      if (told || event.kind !== 'progress' || event.progress.done < 1) return
      told = true
      writeFileSync(join(dir, 'control'), 'stop')
    })
    expect(await train(dir, stopping)).toMatchObject({ state: 'stopped' })
    const before = server.asked.length
    expect(before).toBeGreaterThan(0)
    expect(before).toBeLessThan(25)
    await train(dir, quietHost()).catch(() => undefined)
    expect(server.asked.length).toBe(25)
    const spent = join(dir, 'critic-spent.json')
    expect(JSON.parse(readFileSync(spent, 'utf8'))).toMatchObject({ requests: 25 })
    writeFileSync(spent, '{"version":1,"requ')
    await expect(train(dir, quietHost())).rejects.toMatchObject({ code: 'run-not-resumable' })
  })

  test('is not reviewed while it goes on: the review would spend of the same budget', async () => {
    const dir = llmRun({ checkpointEvery: 1 })
    const request = {
      kind: 'review',
      runDir: dir,
      outFile: join(dir, 'review.json'),
      count: 1,
      seed: 1
    } as const
    let refused: unknown
    const reviewing = quietHost((event) => {
      if (event.kind === 'progress' && event.progress.done === 2)
        refused = reviewRun(request, quietHost()).catch((thrown: unknown) => thrown)
    })
    await train(dir, reviewing)
    expect(await refused).toMatchObject({ code: 'trainer-busy' })
    expect(await reviewRun(request, quietHost())).toMatchObject({ pairs: 1 })
    expect(existsSync(join(dir, 'trainer.lock'))).toBe(false)
  })

  test('keeps its folder and its heartbeat while it waits for its critic; a review keeps the folder alone', async () => {
    const dir = llmRun({ steps: 1, checkpointEvery: 1, batch: 2 })
    const times = (name: string): number => statSync(join(dir, name)).mtimeMs
    const seen: { lock: number; heartbeat: number }[] = []
    const look = (): void => void seen.push({ lock: times('trainer.lock'), heartbeat: times('heartbeat') })
    server.behaviour = (...given) => {
      look()
      setTimeout(() => {
        look()
        honestly(...given)
      }, 2500)
    }
    const allowedHosts: string[] = []
    await hostJob({ kind: 'train', runDir: dir, allowedHosts })
    expect(seen[seen.length - 1].lock).toBeGreaterThan(seen[0].lock + 900)
    expect(seen[seen.length - 1].heartbeat).toBeGreaterThan(seen[0].heartbeat + 900)

    seen.length = 0
    const outFile = join(dir, 'review.json')
    await hostJob({ kind: 'review', runDir: dir, outFile, count: 2, seed: 9, allowedHosts })
    expect(seen[seen.length - 1].lock).toBeGreaterThan(seen[0].lock + 900)
    expect(seen[seen.length - 1].heartbeat).toBe(seen[0].heartbeat)
  })

  test('is refused where the server is not on this machine, before anything is sent or trained', async () => {
    const dir = llmRun({}, { url: 'http://192.0.2.1:9/v1' })
    await expect(train(dir, quietHost())).rejects.toMatchObject({ code: 'host-not-allowed' })
    expect(existsSync(join(dir, 'metrics.jsonl'))).toBe(false)
  })

  test('is not resumed with another model, and is with a larger budget', async () => {
    const dir = llmRun({ steps: 2, checkpointEvery: 1 }, { budget: { requests: 8 } })
    await expect(train(dir, quietHost())).rejects.toMatchObject({ code: 'critic-failing' })
    const file = join(dir, '../critic.json')
    const change = (more: object): void =>
      writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, 'utf8')) as object), ...more }))
    change({ model: 'another' })
    await expect(train(dir, quietHost())).rejects.toMatchObject({ code: 'run-not-resumable' })
    change({ model: 'test', budget: { requests: 1000 } })
    expect(await train(dir, quietHost())).toMatchObject({ state: 'finished' })
  })
})

describe('failing closed', () => {
  /** Seven of ten answers are judged; which ones is known only from the answers. */
  const fails = (answer: string): boolean => mark(answer) % 10 < 3

  test('answers that the critic failed on contribute exactly nothing', async () => {
    /** One step; what it came to, and which answers failed. */
    const step = async (
      behaviour: Behaviour,
      wrap: (critic: Critic) => Critic = (critic) => critic
    ): Promise<{ hash: string; rows: readonly SampleRow[]; failed: number; norm: number }> => {
      server.behaviour = behaviour
      const open = critics.openRunCritic
      const spy = vi
        .spyOn(critics, 'openRunCritic')
        .mockImplementation(async (folder) => wrap(await open(folder)))
      const loop = await openRolloutsLoop(RunFolder.open(llmRun({ batch: 20 })))
      const { metrics, samples: rows } = await loop.step(1)
      spy.mockRestore()
      const { state } = loop.snapshot()
      return {
        hash: parametersHash(state.parameters),
        ...{ rows, failed: metrics['critic/failed'], norm: metrics['policy/gradient_norm'] }
      }
    }
    const bad = await step(badly(fails))
    expect(bad.failed).toBeGreaterThanOrEqual(3)
    expect(bad.failed).toBeLessThanOrEqual(12)
    expect(bad.failed).toBe(bad.rows.filter(({ text }) => fails(text)).length)
    expect(bad.norm).toBeGreaterThan(0)
    for (const { status, rewards, spans, reason } of bad.rows.filter(({ text }) => fails(text))) {
      expect(status).toBe('failed')
      expect(reason).toMatch(/bad-reply|critic-unreachable/)
      expect(spans).toEqual([])
      expect(rewards.every((reward) => reward === 0)).toBe(true)
    }

    // Whatever would have been said of them, had the failure been overlooked: all the same update, bit for bit.
    const said =
      (quote: (answer: string) => string, polarity: 'good' | 'poor') =>
      (critic: Critic): Critic => ({
        ...critic,
        async *score(batch, signal) {
          let at = 0
          for await (const critique of critic.score(batch, signal)) {
            const { response } = batch[at++]
            yield critique.status === 'ok'
              ? critique
              : {
                  ...{ status: 'failed' as const, code: 'critic-failed', reason: 'another' },
                  ...{ critique: 'all of it', spans: [{ quote: quote(response), polarity }] }
                }
          }
        }
      })
    expect(
      (
        await step(
          badly(fails),
          said((answer) => answer, 'poor')
        )
      ).hash
    ).toBe(bad.hash)
    expect(
      (
        await step(
          badly(fails),
          said((answer) => answer[0] ?? 'x', 'good')
        )
      ).hash
    ).toBe(bad.hash)
    // And it does matter what is said of those that did not fail.
    const others = await step(badly((answer) => mark(answer) % 10 < 2))
    expect(others.hash).not.toBe(bad.hash)
  })
})

describe('a critic that fails on three answers of ten', () => {
  const fails = (answer: string): boolean => mark(answer) % 10 < 3

  test('stops a run on rollouts past the alarm, which says so', async () => {
    server.behaviour = badly(fails)
    const dir = llmRun({ steps: 25, batch: 20, checkpointEvery: 25 })
    await expect(train(dir, quietHost())).rejects.toMatchObject({
      code: 'critic-failing',
      message: expect.stringMatching(/failed on \d+ of \d+ answers/) as string
    })
    const rows = timelessMetrics(dir)
    // Past a fifth of what twenty steps hold: 80 failures.
    const failures = rows.map((row) => row['critic/failed'])
    const sum = (steps: readonly number[]): number => steps.reduce((total, value) => total + value, 0)
    expect(sum(failures)).toBeGreaterThan(80)
    expect(sum(failures.slice(0, -1))).toBeLessThanOrEqual(80)
    expect(rows.length).toBeLessThanOrEqual(20)
    // Every one of them is in the samples, with its reason.
    expect(samples(dir).filter(({ status, reason }) => status === 'failed' && reason)).toHaveLength(
      sum(failures)
    )
    const state = JSON.parse(readFileSync(join(dir, 'state.json'), 'utf8')) as object
    expect(state).toMatchObject({ state: 'failed', error: { code: 'critic-failing' } })
    const sentence = `The critic failed on ${sum(failures)} of ${20 * rows.length} answers`
    expect(runText(runAnswer(dir))).toContain(sentence)
    expect(renderReport(readRunDetail(dir), null)).toContain(sentence)
  })

  test('stops a run on stored answers before its first step', async () => {
    server.behaviour = (...given) => {
      if (mark(responseIn(given[1])) % 2 === 0) honestly(...given)
      else given[0].writeHead(401).end()
    }
    const dir = annotatedRun(root(), { critic: `llm:${server.url}#test` })
    await expect(train(dir, quietHost())).rejects.toMatchObject({ code: 'critic-failing' })
    expect(existsSync(join(dir, 'metrics.jsonl'))).toBe(false)
  })
})

test('stored answers that the critic failed on are in no step, and the run says how many', async () => {
  const dir = annotatedRun(root(), { critic: `llm:${server.url}#test`, steps: 6 })
  let refused = 0
  server.behaviour = (...given) => {
    if (mark(responseIn(given[1])) % 10 >= 1) return honestly(...given)
    refused++
    given[0].writeHead(401).end()
  }
  await train(dir, quietHost())
  expect(refused).toBeGreaterThan(0)
  const rows = timelessMetrics(dir)
  expect(rows.map((row) => row['critic/failed'])).toEqual(rows.map(() => refused))
  expect(samples(dir).every(({ text, status }) => status === 'ok' && mark(text) % 10 >= 1)).toBe(true)
})
