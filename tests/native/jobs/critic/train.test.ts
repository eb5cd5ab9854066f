import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { criticFiles, criticRecord, parseCriticTraining } from '../../../../src/contract/critic-record'
import { openAnyCritic } from '../../../../src/jobs/critic/open'
import { generativeLearner, prepareReply, replyOf } from '../../../../src/jobs/critic/generative/learner'
import { openPolicy } from '../../../../src/jobs/model/policy'
import { trainCritic } from '../../../../src/jobs/critic/train'
import { scratchFolder } from '../../../pure/engine/checkpoint/scratch'
import { criticFolder, examplesOf, starterModel } from './training'
import { adapterBytes, quietHost, timelessMetrics } from '../run/tiny-run'

const scratch = scratchFolder()
let made = 0
const folder = (
  ...rest: Parameters<typeof criticFolder> extends [string, ...infer Rest] ? Rest : never
): string => criticFolder(join(scratch, `critic-${++made}`), ...rest)

const recordOf = (dir: string) =>
  criticRecord.parse(JSON.parse(readFileSync(join(dir, criticFiles.record), 'utf8')))

describe('training a critic that writes', () => {
  test('lowers the loss on dev and keeps the best checkpoint; rows say where they come from', async () => {
    const corrected = examplesOf(36).map((example, index) =>
      index === 0
        ? {
            ...example,
            base: {
              annotationId: 'predicted',
              criticVersion: '0123456789abcdef',
              spans: [{ base: 'span', change: 'edited' as const }]
            }
          }
        : example
    )
    const dir = folder({ steps: 12, evaluateEvery: 4, patience: null }, corrected)
    const result = await trainCritic(dir, quietHost())
    expect(result).toMatchObject({
      state: 'finished',
      step: 12,
      examples: { train: 24, dev: 6, test: 6, dropped: 0 }
    })
    const losses = timelessMetrics(dir).flatMap((row) => row['dev/loss'] ?? [])
    expect(losses).toHaveLength(3)
    expect(losses[2]).toBeLessThan(losses[0] - 0.1)
    const record = recordOf(dir)
    expect(record.id).toBe(result.version)
    expect(record.best).toEqual({ step: 12, metric: 'dev/loss', value: Math.min(...losses) })
    expect(record.trainedOn.rows).toHaveLength(24)
    expect(record.trainedOn.rows[0]).toEqual({
      annotationId: 'annotation-0',
      historySequence: 7,
      base: corrected[0].base
    })
  })

  test('the same seed is the same bytes, another is not; stopped and resumed is the unbroken training', async () => {
    const whole = folder()
    const { version } = await trainCritic(whole, quietHost())
    const broken = folder()
    let told = false
    const stopping = quietHost((event) => {
      if (told || event.kind !== 'progress' || event.progress.done !== 4) return
      told = true
      writeFileSync(join(broken, criticFiles.control), 'stop')
    })
    expect(await trainCritic(broken, stopping)).toMatchObject({ state: 'stopped', step: 4, version: null })
    expect(existsSync(join(broken, criticFiles.record))).toBe(false)
    expect(await trainCritic(broken, quietHost())).toMatchObject({ state: 'finished', version })
    expect(adapterBytes(broken)).toEqual(adapterBytes(whole))
    expect(timelessMetrics(broken)).toEqual(timelessMetrics(whole))
    expect((await trainCritic(folder({ seed: 2 }), quietHost())).version).not.toBe(version)
  })

  test('what a killed training wrote past its checkpoint is done again, to the same critic', async () => {
    const whole = folder()
    const killed = join(scratch, 'killed')
    const watching = quietHost((event) => {
      if (event.kind === 'progress' && event.progress.done === 5) cpSync(whole, killed, { recursive: true })
    })
    const { version } = await trainCritic(whole, watching)
    // The last words of a process that is gone: a line by half, a checkpoint by half.
    writeFileSync(join(killed, criticFiles.metrics), '{"step":6,"lo', { flag: 'a' })
    cpSync(join(whole, 'checkpoints', '6'), join(killed, 'checkpoints', '6'), { recursive: true })
    rmSync(join(killed, 'checkpoints', '6', 'manifest.json'))
    expect((await trainCritic(killed, quietHost())).version).toBe(version)
    expect(timelessMetrics(killed)).toEqual(timelessMetrics(whole))
  })

  test('ends early when dev gets no better', async () => {
    const dir = folder({ steps: 40, evaluateEvery: 1, patience: 2, optimizer: { learningRate: 1e-12 } })
    const { step, best } = await trainCritic(dir, quietHost())
    expect(step).toBeLessThan(40)
    expect(step - (best?.step ?? 0)).toBe(2)
  })

  test('over-long examples are dropped and counted, never cut', async () => {
    const long = { ...examplesOf(1)[0], critique: 'It is wrong. '.repeat(60) }
    const dir = folder({}, [...examplesOf(36), long])
    const { examples } = await trainCritic(dir, quietHost())
    expect(examples).toMatchObject({ train: 24, dropped: 1 })
    expect(recordOf(dir).droppedFor).toEqual([
      { reason: 'prompt, response and reply do not fit 256 tokens', count: 1 }
    ])
  })

  test('learns from reply tokens only, as far as each example weighs', async () => {
    const policy = await openPolicy(starterModel, { device: 'cpu', threads: 1 })
    const config = parseCriticTraining({ kind: 'generative', base: starterModel, template: 'plain' })
    const prepared = examplesOf(4).map((example) => {
      const found = prepareReply(example, policy, config)
      if (typeof found === 'string') throw new Error(found)
      return found
    })
    expect(policy.tokenizer.decode(prepared[0].ids)).toBe(replyOf(prepared[0].example, config.reply.question))
    const length = Math.max(...prepared.map((one) => one.length))
    const kind = generativeLearner({ config, policy })
    const shape = { rows: 4, lengths: [length], longestReply: length }
    const settings = { learningRate: 1e-3, weightDecay: 0, gradientClip: 1 }
    const lossOf = async (examples: typeof prepared): Promise<number> => {
      const learner = await kind.open(shape)
      const { loss } = await learner.step(examples, { step: 1, settings })
      await learner.release()
      return loss
    }
    const whole = await lossOf(prepared)
    const each = await Promise.all(prepared.map((one) => lossOf([one])))
    // The mean over reply tokens: were a single prompt token in it, the counts would not come out.
    const tokens = prepared.reduce((sum, { ids }) => sum + ids.length, 0)
    const mean = each.reduce((sum, loss, index) => sum + loss * prepared[index].ids.length, 0) / tokens
    expect(whole).toBeCloseTo(mean, 4)
    const heavy = prepared.map((one, index) =>
      index === 0 ? { ...one, example: { ...one.example, weight: 1e6 } } : one
    )
    expect(await lossOf(heavy)).toBeCloseTo(each[0], 3)
  })
})

/** Stretches of P(poor) that make up the whole response. */
function expectWhole(
  response: string,
  stretches: readonly (readonly [start: number, end: number, probability: number])[] | undefined
): void {
  const length = [...response].length
  expect(stretches?.map(([start]) => start)).toEqual(
    [0, ...(stretches ?? []).map(([, end]) => end)].slice(0, -1)
  )
  expect(stretches?.at(-1)?.[1] ?? 0).toBe(length)
  for (const [, , probability] of stretches ?? []) {
    expect(probability).toBeGreaterThan(0)
    expect(probability).toBeLessThan(1)
  }
}

describe('a trained critic', () => {
  test('always answers in the format, the same again, alone or among others', async () => {
    const dir = folder()
    await trainCritic(dir, quietHost())
    const critic = await openAnyCritic(`trained:${dir}`, { threads: 1 })
    expect(critic.version).toBe(recordOf(dir).id)
    const inputs = examplesOf(20).map(({ messages, response }) => ({ prompt: messages, response }))
    const odd = [
      { prompt: inputs[0].prompt, response: '' },
      { prompt: inputs[0].prompt, response: 'a "quote" \\ and\nlines' },
      { prompt: inputs[0].prompt, response: 'word '.repeat(400) }
    ]
    const said = async (batch: typeof inputs) => {
      const found = []
      for await (const { cost: _, ...critique } of critic.score(batch, { aborted: false }))
        found.push(critique)
      return found
    }
    const all = await said([...inputs, ...odd])
    expect(all.map(({ status }) => status)).toEqual([...Array<string>(22).fill('ok'), 'failed'])
    for (const [index, critique] of all.entries())
      if (critique.status === 'ok') {
        expect(critique.allowedMass).toBeGreaterThan(0)
        expectWhole([...inputs, ...odd][index].response, critique.poorProbabilities)
        for (const span of critique.spans) {
          expect([...inputs, ...odd][index].response).toContain(span.quote)
          expect(span.confidence).toBeGreaterThan(0)
          expect(span.confidence).toBeLessThanOrEqual(1)
        }
      }
    // No token of dev is poor: ten of them and the two of Laplace at least.
    expect(recordOf(dir).poorTokens?.outside).toBeLessThan(1 / 12)
    expect(await said([inputs[7]])).toMatchObject([
      { critique: all[7].status === 'ok' ? all[7].critique : '' }
    ])
    expect(await said([odd[1]])).toMatchObject([{ status: 'ok' }])
  })

  test('is refused when its weights are not those of its version', async () => {
    const dir = folder({ steps: 1, evaluateEvery: 1 })
    await trainCritic(dir, quietHost())
    const file = join(dir, 'adapter', 'adapter_model.safetensors')
    const bytes = readFileSync(file)
    bytes[bytes.length - 1] ^= 1
    writeFileSync(file, bytes)
    await expect(openAnyCritic(`trained:${dir}`)).rejects.toMatchObject({ code: 'checkpoint-corrupt' })
  })
})
