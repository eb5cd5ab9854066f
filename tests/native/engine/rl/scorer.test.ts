import { describe, expect, it } from 'vitest'
import { valueHeadParameters } from '../../../../src/engine/models/parameters'
import { createScorer, type Scores } from '../../../../src/engine/rl/scorer'
import { openRuntime } from '../../../../src/engine/runtime/session'
import { Random } from '../support/random'
import { toyConfig, toyLora, toyModel, toyParameters } from '../support/toy'

const runtime = openRuntime({ device: 'cpu', threads: 1 })
const model = toyModel(toyConfig(false), new Random(9))
const [batch, length] = [2, 7]
const ids = BigInt64Array.from({ length: batch * length }, (_, index) => BigInt((index * 5) % 11))

describe('a scorer', () => {
  it('scores the model as it is, with nothing trained', async () => {
    const scorer = await createScorer({ model, trainable: { kind: 'none' }, batch, length, runtime })
    const cold = await scorer.score({ ids, temperature: 0.1 })
    const warm = await scorer.score({ ids, temperature: 1 })
    const hot = await scorer.score({ ids, temperature: 1e6 })
    await scorer.release()
    for (let index = 0; index < ids.length; index++) {
      const last = index % length === length - 1
      expect(warm.logProbs[index] < 0).toBe(!last)
      if (last) continue
      expect(cold.entropy[index]).toBeLessThan(warm.entropy[index])
      expect(hot.entropy[index]).toBeCloseTo(Math.log(11), 4)
      expect(hot.logProbs[index]).toBeCloseTo(-Math.log(11), 4)
    }
    expect([...warm.kl, ...warm.values, ...warm.referenceLogProbs].every((x) => x === 0)).toBe(true)
  })

  it('measures the distance of an adapter from its base, and gives values', async () => {
    const trainable = { kind: 'lora', lora: toyLora } as const
    const parameters = toyParameters(model, trainable, true, new Random(3))
    const options = { model, trainable, batch, length, runtime, value: true, reference: true }
    const [whole, part] = [await createScorer(options), await createScorer({ ...options, firstPosition: 3 })]
    const request = { ids, temperature: 1, parameters }
    const [all, some] = [await whole.score(request), await part.score(request)]
    await Promise.all([whole.release(), part.release()])
    for (const key of Object.keys(all) as (keyof Scores)[])
      for (let index = 0; index < ids.length; index++)
        expect(some[key][index]).toBeCloseTo(index % length >= 3 ? all[key][index] : 0, 5)
    const real = [...all.kl.keys()].filter((index) => index % length < length - 1)
    expect(real.every((index) => all.kl[index] > 0)).toBe(true)
    expect(new Set(real.map((index) => all.values[index])).size).toBeGreaterThan(5)
  })

  it('refuses a batch of another size, and parameters that are not there', async () => {
    const scorer = await createScorer({
      model,
      trainable: { kind: 'none' },
      batch,
      length,
      runtime,
      value: true
    })
    const parameters = valueHeadParameters(model.config)
    await expect(scorer.score({ ids: ids.slice(1), temperature: 1, parameters })).rejects.toThrow(/13 tokens/)
    await expect(scorer.score({ ids, temperature: 1 })).rejects.toThrow(/lack value_head.weight/)
    await scorer.release()
  })
})
