import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runConfig, type RunConfigInput } from '../../../../src/contract/run-config'
import { openModelFolder } from '../../../../src/engine/checkpoint/model-folder'
import { weightBytes, type BaseForm } from '../../../../src/engine/models/model'
import { generateSamples } from '../../../../src/jobs/model/generate'
import { modelLogits } from '../../../../src/jobs/model/logits'
import { scoreSequences } from '../../../../src/jobs/model/score'
import { train } from '../../../../src/jobs/run/train'
import { randomModel, writeModelFolder } from '../../../pure/engine/checkpoint/random-model'
import { scratchFolder } from '../../../pure/engine/checkpoint/scratch'
import { adapterBytes, quietHost, timelessMetrics, tinyModel, tinyRun } from '../run/tiny-run'

const scratch = scratchFolder()

/** A tiny model whose rows can be cut into blocks of 32. */
function model(): string {
  const dir = tinyModel(join(scratch, 'blocks'))
  const sizes = { hiddenSize: 32, intermediateSize: 64, heads: 2, keyValueHeads: 1, headSize: 16 }
  return writeModelFolder(dir, randomModel({ vocabularySize: 31, ...sizes }))
}

async function run(name: string, settings: Partial<RunConfigInput>): Promise<string> {
  const common = { model: model(), steps: 3, optimizer: { learningRate: 3e-3 } }
  const dir = tinyRun(join(scratch, name), 'run', { ...common, ...settings })
  expect(await train(dir, quietHost())).toMatchObject({ state: 'finished', step: 3 })
  return dir
}

describe('a run on a base in another form', () => {
  test('4-bit: trains an adapter, says so in run.json, and repeats to the byte', async () => {
    const dir = await run('four', { base: '4-bit' })
    expect(JSON.parse(readFileSync(join(dir, 'run.json'), 'utf8'))).toMatchObject({
      base: '4-bit',
      compute: 'float32'
    })
    for (const row of timelessMetrics(dir)) {
      expect(row['policy/sampler_difference']).toBeLessThan(1e-3)
      expect(row['logprob_change/negative']).toBeLessThan(row['logprob_change/neutral'])
    }
    expect(adapterBytes(await run('four again', { base: '4-bit' }))).toEqual(adapterBytes(dir))
    expect(adapterBytes(await run('full', {}))).not.toEqual(adapterBytes(dir))
  })

  test('stored: of float32 files it is the full base, to the byte', async () => {
    const [stored, full] = [await run('stored', { base: 'stored' }), await run('plain', {})]
    expect(adapterBytes(stored)).toEqual(adapterBytes(full))
  })

  test('float16 products: nearly the same run', async () => {
    const [half, full] = [await run('half', { compute: 'float16' }), await run('exact', {})]
    const [a, b] = [timelessMetrics(half)[0], timelessMetrics(full)[0]]
    expect(Math.abs(a['objective/entropy'] - b['objective/entropy'])).toBeLessThan(1e-2)
    expect(adapterBytes(half)).not.toEqual(adapterBytes(full))
  })

  test('scores, logits and samples take it too: stored as in full, 4-bit each like the others', async () => {
    const [dir, ids] = [model(), [1, 5, 9, 12, 7]]
    const score = async (base: BaseForm): Promise<number[]> =>
      (await scoreSequences({ model: dir, base }, [ids])).logProbs[0]
    const [full, stored, four] = [await score('full'), await score('stored'), await score('4-bit')]
    expect(stored).toEqual(full)
    expect(four).not.toEqual(full)
    const { logits } = await modelLogits({ model: dir, base: '4-bit' }, ids)
    const shares = logits[0].map(Math.exp)
    const total = shares.reduce((sum, share) => sum + share, 0)
    expect(Math.log(shares[ids[1]] / total)).toBeCloseTo(four[0], 4)
    const greedy = { model: dir, prompt: ids, maxNewTokens: 4, greedy: true }
    expect((await generateSamples({ ...greedy, base: 'stored' })).sequences).toEqual(
      (await generateSamples(greedy)).sequences
    )
    expect((await generateSamples({ ...greedy, base: '4-bit' })).sequences[0].ids).toHaveLength(4)
  })

  test('a model without a matrix that fits says so', async () => {
    await expect(openModelFolder(tinyModel(join(scratch, 'odd')), { form: '4-bit' })).rejects.toMatchObject({
      code: 'bad-configuration',
      message: expect.stringMatching(/multiple of 32/) as string
    })
  })

  test('takes less memory', async () => {
    const dir = model()
    const bytes = async (form: 'full' | '4-bit') => weightBytes(await openModelFolder(dir, { form }))
    expect(await bytes('4-bit')).toBeLessThan((await bytes('full')) / 2)
  })
})

describe('run.json', () => {
  const minimal = { version: 1, model: '/m', source: 'rollouts', prompts: 'p.jsonl', critic: 'rules:r.json' }
  test.each([
    [{ lora: null, base: '4-bit' }, /train an adapter/],
    [{ lora: null, base: 'stored' }, /train an adapter/],
    [{ lora: null, compute: 'float16' }, /train an adapter/],
    [{ base: '4-bit', compute: 'float16' }, /in float32/],
    [{ base: '8-bit' }, /base|Invalid/]
  ])('refuses %o', (change, message) => {
    const { error } = runConfig.safeParse({ ...minimal, ...change })
    expect(error?.message).toMatch(message)
  })
})
