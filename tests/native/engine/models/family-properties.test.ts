import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createGenerator } from '../../../../src/engine/generate/generator'
import { int64 } from '../../../../src/engine/graph'
import { parseConfig } from '../../../../src/engine/models/families'
import type { Model, Trainable } from '../../../../src/engine/models/model'
import { loraModules } from '../../../../src/engine/models/names'
import { fullForward, runtime } from '../generate/reference'
import { analyticGradients, worstErrors } from '../support/differences'
import { everyTokenLoss } from '../support/every-token'
import { familyConfigs, type Json } from '../support/family-configs'
import { Random } from '../support/random'
import { toyModel, toyParameters } from '../support/toy'

/** Shrinking would open hundreds of sessions; the configurations are small as they are. */
const runs = (numRuns: number): fc.Parameters<unknown> => ({ numRuns, endOnFailure: true })

function drawn(json: Json, seed: number): { random: Random; model: Model } {
  const random = new Random(seed)
  return { random, model: toyModel(parseConfig({ ...json, bos_token_id: 1 }), random) }
}

const lora = ({ config }: Model): Trainable => ({
  kind: 'lora',
  lora: { rank: 2, alpha: 3, modules: loraModules(config) }
})

describe.each(Object.entries(familyConfigs))('random small models: %s', (_, configs) => {
  it('with a key-value cache, greedy text is what full passes choose token by token', async () => {
    const kinds = fc.constantFrom('none', 'adapter')
    const property = fc.asyncProperty(configs, fc.nat(), kinds, async (json, seed, kind) => {
      const { random, model } = drawn(json, seed)
      const trainable: Trainable = kind === 'none' ? { kind } : lora(model)
      const parameters = toyParameters(model, trainable, false, random)
      const prompts = [6, 3].map((length) =>
        Array.from({ length }, () => random.below(model.config.vocabularySize))
      )
      const shape = { batch: 2, promptLength: 6, maxNewTokens: 8, greedy: true }
      const generator = await createGenerator({ runtime, model, trainable, ...shape })
      const { sequences } = await generator.generate({ prompts, parameters })
      await generator.release()
      for (const [row, { ids }] of sequences.entries()) {
        expect(ids).toHaveLength(8)
        const logits = await fullForward(model, trainable, parameters, [...prompts[row], ...ids])
        ids.forEach((id, i) => {
          const here = logits[prompts[row].length - 1 + i]
          expect(here[id]).toBeGreaterThan(Math.max(...here) - 1e-4) // two may be equal but for rounding
        })
      }
    })
    await fc.assert(property, runs(4))
  })

  it.each(['lora', 'full'] as const)('gradients against float64 central differences: %s', async (kind) => {
    const property = fc.asyncProperty(configs, fc.nat(), async (json, seed) => {
      const { random, model } = drawn(json, seed)
      const trainable: Trainable = kind === 'full' ? { kind } : lora(model)
      const [batch, length] = [2, 7]
      const ids = BigInt64Array.from({ length: batch * length }, () =>
        BigInt(random.below(model.config.vocabularySize))
      )
      const parameters = toyParameters(model, trainable, false, random)
      const { build, inputs } = everyTokenLoss(model, trainable, int64([batch, length], ids), parameters)
      const exact = await analyticGradients(build, inputs, 'float64')
      const fused = await analyticGradients(build, inputs, 'fused float32')
      const [exactErrors, fusedErrors] = await worstErrors(build, inputs, [exact, fused], undefined, 3)
      for (const [name, error] of exactErrors) expect(error, `${name} in float64`).toBeLessThan(1e-5)
      for (const [name, error] of fusedErrors) expect(error, `${name} in float32`).toBeLessThan(1e-3)
    })
    await fc.assert(property, runs(2))
  })
})
