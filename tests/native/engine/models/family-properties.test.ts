import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createGenerator } from '../../../../src/engine/generate/generator'
import { float32, int64, scalar } from '../../../../src/engine/graph'
import { parseConfig } from '../../../../src/engine/models/families'
import type { Model, Trainable } from '../../../../src/engine/models/model'
import { loraModules } from '../../../../src/engine/models/names'
import { supervisedLoss } from '../../../../src/engine/rl/supervised-loss'
import { fullForward, runtime } from '../generate/reference'
import { analyticGradients, worst, worstErrors } from '../support/differences'
import { familyConfigs } from '../support/family-configs'
import { Random } from '../support/random'
import { toyModel, toyParameters } from '../support/toy'

const lora = ({ config }: Model): Trainable => ({
  kind: 'lora',
  lora: { rank: 2, alpha: 3, modules: loraModules(config) }
})

describe.each(Object.entries(familyConfigs).filter(([name]) => name === 'llama'))(
  'random small models: %s',
  (_, configs) => {
    const models = fc.tuple(configs, fc.nat()).map(([json, seed]) => {
      const random = new Random(seed)
      return { random, model: toyModel(parseConfig({ ...json, bos_token_id: 1 }), random) }
    })

    it('with a key-value cache, greedy text is what full passes choose token by token', async () => {
      await fc.assert(
        fc.asyncProperty(
          models,
          fc.constantFrom('none', 'merged', 'apart'),
          async ({ random, model }, kind) => {
            const trainable: Trainable = kind === 'none' ? { kind } : lora(model)
            const parameters = toyParameters(model, trainable, false, random)
            const prompts = [6, 3].map((length) =>
              Array.from({ length }, () => random.below(model.config.vocabularySize))
            )
            const shape = {
              batch: 2,
              promptLength: 6,
              maxNewTokens: 8,
              greedy: true,
              merge: kind !== 'apart'
            }
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
          }
        ),
        { numRuns: 4 }
      )
    })

    it.each(['lora', 'full'] as const)('gradients against float64 central differences: %s', async (kind) => {
      await fc.assert(
        fc.asyncProperty(models, async ({ random, model }) => {
          const trainable: Trainable = kind === 'full' ? { kind } : lora(model)
          const [batch, length] = [2, 8]
          const ids = BigInt64Array.from({ length: batch * length }, () =>
            BigInt(random.below(model.config.vocabularySize))
          )
          const inputs = {
            ...Object.fromEntries(toyParameters(model, trainable, false, random)),
            ids: int64([batch, length], ids),
            inverseTemperature: scalar(1),
            mask: float32([batch, length], new Float32Array(batch * length).fill(1))
          }
          const build = (graph: Parameters<typeof supervisedLoss>[0]) =>
            supervisedLoss(graph, { model, trainable, batch, length })
          const exact = await analyticGradients(build, inputs, 'float64')
          const fused = await analyticGradients(build, inputs, 'fused float32')
          const [exactErrors, fusedErrors] = await worstErrors(build, inputs, [exact, fused], undefined, 4)
          expect(worst(exactErrors)).toBeLessThanOrEqual(1e-5)
          expect(worst(fusedErrors)).toBeLessThanOrEqual(1e-3)
        }),
        { numRuns: 2 }
      )
    })
  }
)
