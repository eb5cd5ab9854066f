import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { openModelFolder } from '../../../../src/engine/checkpoint/model-folder'
import { createGenerator, type GeneratorOptions } from '../../../../src/engine/generate/generator'
import { float32, type ParameterSet } from '../../../../src/engine/graph'
import type { Model, Trainable } from '../../../../src/engine/models/model'
import { fullParameters, loraParameters } from '../../../../src/engine/models/parameters'
import { createScorer } from '../../../../src/engine/rl/scorer'
import type { Runtime, Session } from '../../../../src/engine/session'
import { lacksShared, sharedPath } from '../../../shared-data'
import { numbers, randomModel, uniformNumbers } from '../../../pure/engine/checkpoint/random-model'
import { toyLora } from '../support/toy'
import { distribution, fullForward, indexOfLargest, runtime } from './reference'

const base: Trainable = { kind: 'none' }
const lora = { rank: 3, alpha: 6, modules: toyLora.modules }
const promptsOf = (lengths: readonly number[]) =>
  lengths.map((length, row) => Array.from({ length }, (_, i) => 3 + row + i))

async function generate(
  options: Omit<GeneratorOptions, 'runtime'> & { runtime?: Runtime },
  input: { prompts: number[][]; uniforms?: Float32Array; temperature?: number; parameters?: ParameterSet }
) {
  const generator = await createGenerator({ runtime, ...options })
  const { sequences } = await generator.generate(input)
  await generator.release()
  return sequences
}

/** An adapter or weights that really change the model. */
function trainedParameters(model: Model, trainable: Trainable): ParameterSet {
  const next = numbers(9)
  if (trainable.kind === 'none') return new Map()
  const fresh =
    trainable.kind === 'lora' ? loraParameters(model.config, trainable.lora, next) : fullParameters(model)
  return new Map(
    [...fresh].map(([name, { shape, data }]) => [
      name,
      float32(
        shape,
        Float32Array.from(data as Float32Array, (value) => value + (next() - 0.5) * 0.2)
      )
    ])
  )
}

describe.skipIf(lacksShared('models/stories260K'))('stories260K', () => {
  const dir = sharedPath('models/stories260K')

  test('tells the expected story greedily', async () => {
    const model = await openModelFolder(dir)
    const { greedy_ids: expected } = JSON.parse(readFileSync(`${dir}/expected-greedy.json`, 'utf8')) as {
      greedy_ids: number[]
    }
    const options = { model, trainable: base, batch: 1, promptLength: 1, maxNewTokens: 60, greedy: true }
    const [sequence] = await generate(options, { prompts: [[1]] })
    expect([1, ...sequence.ids]).toEqual(expected)
    expect(sequence.finish).toBe('length')
  })

  test('a batch of 8 unequal prompts equals 8 prompts alone', async () => {
    const model = await openModelFolder(dir)
    const shared = { model, trainable: base, maxNewTokens: 48 }
    const prompts = promptsOf([1, 4, 9, 2, 7, 1, 3, 12]).map((ids) => [
      1,
      ...ids.slice(1).map((id) => id + 300)
    ])
    const uniforms = uniformNumbers(8 * 48, 5)
    const together = await generate({ ...shared, batch: 8, promptLength: 12 }, { prompts, uniforms })
    for (const [row, prompt] of prompts.entries()) {
      const [alone] = await generate(
        { ...shared, batch: 1, promptLength: prompt.length },
        { prompts: [prompt], uniforms: uniforms.slice(row * 48, (row + 1) * 48) }
      )
      expect(together[row].ids).toEqual(alone.ids)
      alone.logProbs.forEach((logProb, i) => expect(together[row].logProbs[i]).toBeCloseTo(logProb, 4))
    }
  })
})

describe('against full forward passes without a cache', () => {
  const kinds: Record<string, { trainable: Trainable; model: Model; cacheInParts?: boolean }> = {
    'the model as it is': { trainable: base, model: randomModel() },
    'the cache in two parts': {
      trainable: base,
      model: randomModel({ endTokens: [] }),
      cacheInParts: true
    },
    'an adapter': { trainable: { kind: 'lora', lora }, model: randomModel() },
    'an adapter on some matrices': {
      trainable: { kind: 'lora', lora: { ...lora, modules: ['q_proj', 'down_proj'] } },
      model: randomModel()
    },
    'every weight': { trainable: { kind: 'full' }, model: randomModel() },
    'a tied head, equal heads': {
      trainable: base,
      model: randomModel({ tiedEmbeddings: true, heads: 3, keyValueHeads: 3, headSize: 8, layers: 3 })
    }
  }
  test.each(Object.entries(kinds))(
    '%s: tokens and log-probabilities',
    async (_, { cacheInParts, ...kind }) => {
      const { trainable, model } = kind
      const [maxNewTokens, temperature] = [cacheInParts ? 50 : 20, 0.8]
      const prompts = promptsOf([5, 1, 3])
      const parameters = trainedParameters(model, trainable)
      const uniforms = uniformNumbers(3 * maxNewTokens, 11)
      const options = { ...kind, cacheInParts, batch: 3, promptLength: 5, maxNewTokens }
      const sequences = await generate(options, { prompts, uniforms, temperature, parameters })
      for (const [row, { ids, logProbs, policyLogProbs, finish }] of sequences.entries()) {
        const logits = await fullForward(model, trainable, parameters, [...prompts[row], ...ids])
        ids.forEach((id, i) => {
          const probabilities = distribution(logits[prompts[row].length - 1 + i], temperature)
          expect(Math.abs(logProbs[i] - Math.log(probabilities[id]))).toBeLessThan(1e-5)
          const own = distribution(logits[prompts[row].length - 1 + i])[id]
          expect(Math.abs(policyLogProbs[i] - Math.log(own))).toBeLessThan(1e-5)
          const below = probabilities.slice(0, id).reduce((sum, p) => sum + p, 0)
          const uniform = uniforms[row * maxNewTokens + i]
          expect(uniform).toBeGreaterThan(below - 1e-5)
          expect(uniform).toBeLessThan(below + probabilities[id] + 1e-5)
        })
        expect(finish).toBe(ids.at(-1) === 2 ? 'eos' : 'length')
        if (finish === 'length') expect(ids).toHaveLength(maxNewTokens)
      }
    }
  )

  test('greedy takes the likeliest token', async () => {
    const model = randomModel({ endTokens: [] })
    const options = { model, trainable: base, batch: 2, promptLength: 4, maxNewTokens: 12, greedy: true }
    const prompts = promptsOf([4, 2])
    const sequences = await generate(options, { prompts })
    for (const [row, { ids }] of sequences.entries()) {
      const logits = await fullForward(model, base, new Map(), [...prompts[row], ...ids])
      expect(ids).toEqual(ids.map((_, i) => indexOfLargest(logits[prompts[row].length - 1 + i])))
    }
  })

  test('top-k and top-p draw from what is left, renormalised', async () => {
    const model = randomModel({ endTokens: [] })
    const uniforms = uniformNumbers(30, 3)
    const options = {
      model,
      trainable: base,
      batch: 1,
      promptLength: 1,
      maxNewTokens: 30,
      topK: 6,
      topP: 0.7
    }
    const [{ ids, logProbs }] = await generate(options, { prompts: [[4]], uniforms, temperature: 1.5 })
    const logits = await fullForward(model, base, new Map(), [4, ...ids])
    ids.forEach((id, i) => {
      const sixth = [...logits[i]].sort((a, b) => b - a)[5]
      const topK = distribution(
        [...logits[i]].map((logit) => (logit >= sixth ? logit : -1e9)),
        1.5
      )
      const ranked = topK.map((p, token) => ({ p, token })).sort((a, b) => b.p - a.p)
      let reached = 0
      const kept = ranked.filter(({ p }) => {
        const keep = reached < 0.7
        reached += p
        return keep
      })
      const total = kept.reduce((sum, { p }) => sum + p, 0)
      expect(kept.map(({ token }) => token)).toContain(id)
      expect(Math.abs(logProbs[i] - Math.log(topK[id] / total))).toBeLessThan(1e-5)
    })
    expect(new Set(ids).size).toBeGreaterThan(3)
  })

  test('a repetition penalty changes the logits of tokens held, prompt included', async () => {
    const model = randomModel({ endTokens: [] })
    const options = { model, trainable: base, batch: 2, promptLength: 3, maxNewTokens: 15, greedy: true }
    const prompts = promptsOf([3, 1])
    const sequences = await generate({ ...options, repetitionPenalty: 1.7 }, { prompts })
    for (const [row, { ids }] of sequences.entries()) {
      const all = [...prompts[row], ...ids]
      const logits = await fullForward(model, base, new Map(), all)
      ids.forEach((id, i) => {
        const held = all.slice(0, prompts[row].length + i)
        const penalised = logits[held.length - 1].map((logit, token) =>
          held.includes(token) ? (logit > 0 ? logit / 1.7 : logit * 1.7) : logit
        )
        expect(id).toBe(indexOfLargest(penalised))
      })
    }
    const free = await generate(options, { prompts })
    expect(sequences.map(({ ids }) => ids)).not.toEqual(free.map(({ ids }) => ids))
  })
})

describe('the scorer that training uses', () => {
  test.each(['lora', 'full'] as const)(
    'gives every sampled token the same log-probability (%s)',
    async (kind) => {
      const model = randomModel({ endTokens: [] })
      const trainable: Trainable = kind === 'lora' ? { kind, lora } : { kind }
      const parameters = trainedParameters(model, trainable)
      const [prompt, maxNewTokens, temperature] = [[3, 9, 4], 29, 0.7]
      const uniforms = uniformNumbers(4 * maxNewTokens, 21)
      const options = { model, trainable, batch: 4, promptLength: 3, maxNewTokens }
      const prompts = Array.from({ length: 4 }, () => prompt)
      const sequences = await generate(options, { prompts, uniforms, temperature, parameters })
      const scorer = await createScorer({ model, trainable, batch: 4, length: 32, runtime })
      const ids = BigInt64Array.from(
        sequences.flatMap((sequence) => [...prompt, ...sequence.ids]),
        BigInt
      )
      const scores = await scorer.score({ ids, temperature, parameters })
      await scorer.release()
      for (const [row, { logProbs }] of sequences.entries()) {
        const scored = scores.logProbs.subarray(row * 32 + 2, row * 32 + 31)
        logProbs.forEach((logProb, i) => expect(Math.abs(logProb - scored[i])).toBeLessThan(1e-5))
      }
    }
  )
})

describe('ending', () => {
  test('each sequence ends at its own end token, which is kept; the loop ends with the last', async () => {
    const model = randomModel({ endTokens: [] })
    const options = { model, trainable: base, batch: 4, promptLength: 2, maxNewTokens: 40 }
    const prompts = promptsOf([2, 1, 2, 1])
    const uniforms = uniformNumbers(160, 8)
    const endless = await generate(options, { prompts, uniforms })
    const endTokens = [endless[0].ids[3], endless[1].ids[7], endless[2].ids[1], endless[3].ids[9]]
    const ending = { ...options, model: { ...model, config: { ...model.config, endTokens } } }
    const sequences = await generate(ending, { prompts, uniforms })
    for (const [row, { ids, logProbs, finish }] of sequences.entries()) {
      const end = endless[row].ids.findIndex((id) => endTokens.includes(id))
      expect(ids).toEqual(endless[row].ids.slice(0, end + 1))
      expect(logProbs).toHaveLength(ids.length)
      expect(finish).toBe('eos')
    }
    expect(new Set(sequences.map(({ ids }) => ids.length)).size).toBeGreaterThan(1)

    const turns: number[] = []
    const counting: Runtime = {
      open: async (graph) => {
        const session = await runtime.open(graph)
        const run: Session['run'] = async (inputs) => {
          const results = await session.run(inputs)
          turns.push(results.tokens.shape[0])
          return results
        }
        return { run, release: () => session.release() }
      }
    }
    await generate({ ...ending, runtime: counting }, { prompts, uniforms })
    const longest = Math.max(...sequences.map(({ ids }) => ids.length))
    expect(turns.reduce((sum, count) => sum + count, 0)).toBe(longest)
  })

  test('fewer prompts than the batch holds', async () => {
    const model = randomModel()
    const uniforms = uniformNumbers(16, 2)
    const options = { model, trainable: base, promptLength: 3, maxNewTokens: 8 }
    const prompts = promptsOf([3, 2])
    const alone = await generate({ ...options, batch: 2 }, { prompts, uniforms })
    const beside = await generate({ ...options, batch: 5 }, { prompts, uniforms })
    expect(beside.map(({ ids }) => ids)).toEqual(alone.map(({ ids }) => ids))
    expect(beside).toHaveLength(2)
  })
})

describe('chance', () => {
  const model = randomModel({ endTokens: [] })
  const options = { model, trainable: base, batch: 2, promptLength: 1, maxNewTokens: 25 }

  test('the same numbers give the same sample, other numbers another', async () => {
    const generator = await createGenerator({ runtime, ...options })
    const sample = async (seed: number) =>
      (await generator.generate({ prompts: [[5], [6]], uniforms: uniformNumbers(50, seed) })).sequences
    const first = await sample(1)
    expect(await sample(1)).toEqual(first)
    expect(await sample(2)).not.toEqual(first)
    await generator.release()
  })

  test('the ends of the range give tokens that exist and have a probability', async () => {
    for (const uniform of [0, 1 - 2 ** -24, 1, 2]) {
      const uniforms = new Float32Array(50).fill(uniform)
      const sequences = await generate({ ...options, topK: 3 }, { prompts: [[5], [6]], uniforms })
      for (const { ids, logProbs } of sequences) {
        expect(ids.every((id) => id >= 0 && id < 37)).toBe(true)
        if (uniform < 1) expect(logProbs.every((logProb) => logProb > -20)).toBe(true)
      }
    }
  })

  test('tokens come as often as their probabilities say', async () => {
    const rows = 64
    const many = { model, trainable: base, batch: rows, promptLength: 1, maxNewTokens: 1 }
    const generator = await createGenerator({ runtime, ...many })
    const counts = new Float64Array(37)
    const rounds = 60
    for (let round = 0; round < rounds; round++) {
      const prompts = Array.from({ length: rows }, () => [7])
      const { sequences } = await generator.generate({ prompts, uniforms: uniformNumbers(rows, round) })
      for (const { ids } of sequences) counts[ids[0]]++
    }
    await generator.release()
    const [logits] = await fullForward(model, base, new Map(), [7])
    const drawn = rows * rounds
    distribution(logits).forEach((p, token) => {
      const deviation = Math.sqrt((p * (1 - p)) / drawn)
      expect(Math.abs(counts[token] / drawn - p)).toBeLessThan(5 * deviation + 1e-3)
    })
  })
})

describe('what cannot be generated is said in one sentence', () => {
  const model = randomModel()
  const options = { model, trainable: base, batch: 1, promptLength: 2, maxNewTokens: 4, greedy: true }

  test('a context that is too short', async () => {
    await expect(createGenerator({ runtime, ...options, maxNewTokens: 63 })).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('context of 64') as string
    })
  })

  test('no prompt, and tokens outside the vocabulary', async () => {
    await expect(generate(options, { prompts: [[]] })).rejects.toMatchObject({ code: 'bad-input' })
    await expect(generate(options, { prompts: [[37]] })).rejects.toMatchObject({
      code: 'bad-input',
      message: "Token 37 is not in the model's vocabulary of 37."
    })
  })
})
