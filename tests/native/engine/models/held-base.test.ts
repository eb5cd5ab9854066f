import { describe, expect, it } from 'vitest'
import type { BaseOptions } from '../../../../src/engine/checkpoint/base-form'
import { createGenerator } from '../../../../src/engine/generate/generator'
import { float32, int64, scalar, type Graph } from '../../../../src/engine/graph'
import { parseConfig } from '../../../../src/engine/models/families'
import { weightBytes, type Lora, type Model, type Trainable } from '../../../../src/engine/models/model'
import { neededTokens } from '../../../../src/engine/models/token-rows'
import { newTrainingState } from '../../../../src/engine/optim/state'
import { createOfflineStep } from '../../../../src/engine/rl/offline-step'
import { createScorer } from '../../../../src/engine/rl/scorer'
import { tokenShares } from '../../../../src/engine/rl/shares'
import { supervisedLoss } from '../../../../src/engine/rl/supervised-loss'
import { createSupervisedStep } from '../../../../src/engine/rl/supervised-step'
import { openRuntime } from '../../../../src/engine/runtime/session'
import type { Runtime } from '../../../../src/engine/session'
import { analyticGradients, worst, worstErrors } from '../support/differences'
import { equivalent, hold, storedAs, type Stored } from '../support/held'
import { Random } from '../support/random'
import { roundingRuntime } from '../support/rounding'
import { toyParameters } from '../support/toy'

const runtime = openRuntime({ device: 'cpu', threads: 1 })
const rounding = roundingRuntime(runtime)
/** Rows of 32 and 96 weights: blocks of 16 and 32 fit, and 3 blocks of 32 are an odd number. */
const config = parseConfig({
  model_type: 'llama',
  vocab_size: 13,
  hidden_size: 32,
  intermediate_size: 96,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  max_position_embeddings: 32,
  rms_norm_eps: 1e-5,
  tie_word_embeddings: false
})
/** Gradients of the first layer come through every matrix of the second. */
const lora: Lora = { rank: 2, alpha: 4, modules: ['q_proj', 'v_proj', 'down_proj'] }
const trainable: Trainable = { kind: 'lora', lora }
const [batch, length] = [2, 7]
const shape = { batch, length }

const random = new Random(8)
const ids = BigInt64Array.from({ length: batch * length }, () => BigInt(random.below(config.vocabularySize)))
const mask = Float32Array.from({ length: batch * length }, (_, index) =>
  index % length < length - 1 ? 1 : 0
)
const parametersOf = (model: Model) => toyParameters(equivalent(model), trainable, false, new Random(6))
const inputsOf = (model: Model) => ({
  ...Object.fromEntries(parametersOf(model)),
  ids: int64([batch, length], ids),
  ...neededTokens(batch, length, mask),
  inverseTemperature: scalar(1),
  shares: float32([batch, length], tokenShares([mask])[0])
})

async function logProbs(model: Model, on: Runtime = runtime): Promise<Float32Array> {
  const scorer = await createScorer({ model, trainable, ...shape, reference: true, runtime: on })
  const scores = await scorer.score({ ids, temperature: 1, parameters: parametersOf(model) })
  await scorer.release()
  return Float32Array.of(...scores.logProbs, ...scores.referenceLogProbs)
}

const lossOf = (model: Model) => (graph: Graph) => supervisedLoss(graph, { model, trainable, ...shape })

const largestDifference = (a: Float32Array, b: Float32Array): number =>
  a.reduce((most, value, index) => Math.max(most, Math.abs(value - b[index])), 0)

const forms: { stored: Stored; options: BaseOptions }[] = [
  { stored: 'bfloat16', options: { form: '4-bit' } },
  { stored: 'float32', options: { form: '4-bit', fourBit: { block: 16, symmetric: false } } },
  { stored: 'float16', options: { form: '4-bit', fourBit: { block: 32, symmetric: true } } },
  { stored: 'bfloat16', options: { form: 'stored' } },
  { stored: 'float16', options: { form: 'stored' } },
  { stored: 'bfloat16', options: { form: 'full' } }
]

describe.each(forms)('a base from $stored held as $options', ({ stored, options }) => {
  const model = hold(config, storedAs(config, stored), options)

  it('computes what the float32 model with the same numbers does', async () => {
    const tolerance = options.form === '4-bit' ? 2e-6 : 0
    expect(largestDifference(await logProbs(model), await logProbs(equivalent(model)))).toBeLessThanOrEqual(
      tolerance
    )
  })

  it('passes the same gradients to the adapter', async () => {
    const inputs = inputsOf(model)
    const held = await analyticGradients(lossOf(model), inputs, 'fused float32')
    const expected = await analyticGradients(lossOf(equivalent(model)), inputs, 'fused float32')
    for (const [name, gradient] of expected) {
      const largest = gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
      const off = gradient.map((value, index) => Math.abs(value - (held.get(name)?.[index] ?? NaN)))
      expect(Math.max(...off) / largest).toBeLessThanOrEqual(1e-5)
    }
  })

  it('generates the same tokens', async () => {
    const generate = async (of: Model) => {
      const generator = await createGenerator({
        model: of,
        trainable,
        runtime,
        batch: 2,
        promptLength: 3,
        maxNewTokens: 8,
        greedy: true
      })
      const { sequences } = await generator.generate({
        prompts: [[1, 4, 7], [5]],
        parameters: parametersOf(model)
      })
      await generator.release()
      return sequences.map((sequence) => sequence.ids)
    }
    expect(await generate(model)).toEqual(await generate(equivalent(model)))
  })
})

describe('a base in 4 bits', () => {
  it('has the gradients of the model it stands for, by float64 central differences', async () => {
    const model = hold(config, storedAs(config, 'bfloat16'), { form: '4-bit' })
    const inputs = inputsOf(model)
    const gradients = await analyticGradients(lossOf(model), inputs, 'fused float32')
    const [errors] = await worstErrors(lossOf(equivalent(model)), inputs, [gradients])
    expect(errors.size).toBe(12)
    expect(worst(errors)).toBeLessThanOrEqual(1e-4)
  })
})

describe('matrices that the checkpoint holds turned', () => {
  const turned = parseConfig({
    model_type: 'gpt2',
    vocab_size: 13,
    n_embd: 32,
    n_layer: 2,
    n_head: 2,
    n_positions: 32,
    n_inner: 96,
    tie_word_embeddings: true
  })
  const adapted: Trainable = { kind: 'lora', lora: { rank: 2, alpha: 4, modules: ['c_attn', 'mlp.c_proj'] } }
  const shared = { trainable: adapted, ...shape }
  const norms = async (model: Model, on: Runtime) => {
    const step = await createSupervisedStep({ model, ...shared, runtime: on })
    const parameters = toyParameters(equivalent(model), adapted, false, new Random(6))
    const settings = { learningRate: 1e-3, weightDecay: 0, gradientClip: 1e9 }
    const stats = await step.step({ ids, mask }, settings, newTrainingState(parameters))
    await step.release()
    return stats
  }

  it.each([
    { options: { form: '4-bit' } as const, on: runtime, tolerance: 1e-5 },
    { options: { form: 'stored' } as const, on: runtime, tolerance: 1e-6 },
    { options: { products: 'float16' } as const, on: rounding, tolerance: 2e-2 }
  ])('are multiplied the right way around: $options', async ({ options, on, tolerance }) => {
    const model = hold(turned, storedAs(turned, 'bfloat16'), options)
    const [held, expected] = [await norms(model, on), await norms(equivalent(model), runtime)]
    expect(Math.abs(held.loss - expected.loss)).toBeLessThanOrEqual(tolerance)
    expect(Math.abs(held.gradientNorm / expected.gradientNorm - 1)).toBeLessThanOrEqual(tolerance)
  })
})

describe('memory', () => {
  it('is 2 bytes a weight as stored, and close to 5 bits in 4 bits', () => {
    const full = weightBytes(hold(config, storedAs(config, 'bfloat16'), {}))
    const norms = 5 * 32 * 4
    expect(weightBytes(hold(config, storedAs(config, 'bfloat16'), { form: 'stored' }))).toBe(
      (full - norms) / 2 + norms
    )
    const outside = 2 * 13 * 32 * 4 + norms
    const bits =
      ((weightBytes(hold(config, storedAs(config, 'bfloat16'), { form: '4-bit' })) - outside) * 32) /
      (full - outside)
    expect(bits).toBeGreaterThan(5)
    expect(bits).toBeLessThan(5.3)
  })
})

describe('products in float16', () => {
  const model = hold(config, storedAs(config, 'bfloat16'), { products: 'float16' })
  const exact = hold(config, storedAs(config, 'bfloat16'), {})

  it('score within the precision of float16', async () => {
    const off = largestDifference(await logProbs(model, rounding), await logProbs(exact))
    expect(off).toBeLessThan(2e-2)
    expect(off).toBeGreaterThan(1e-6)
  })

  it('train the float32 adapter to nearly the same place', async () => {
    const train = async (of: Model) => {
      const step = await createSupervisedStep({ model: of, trainable, ...shape, runtime: rounding })
      const state = newTrainingState(parametersOf(model))
      const settings = { learningRate: 1e-2, weightDecay: 0, gradientClip: 1e9 }
      const stats = []
      for (let count = 0; count < 6; count++) stats.push(await step.step({ ids, mask }, settings, state))
      await step.release()
      return stats
    }
    const [half, full] = [await train(model), await train(exact)]
    half.forEach(({ loss, gradientNorm }, index) => {
      expect(Math.abs(loss - full[index].loss)).toBeLessThan(1e-2)
      expect(Math.abs(gradientNorm / full[index].gradientNorm - 1)).toBeLessThan(2e-2)
    })
    expect(half[5].loss).toBeLessThan(half[0].loss - 0.1)
  })

  it('keep gradients that are themselves too small for float16', async () => {
    const normOf = async (of: Model) => {
      const surrogate = 'unlikelihood'
      const step = await createOfflineStep({ model: of, trainable, ...shape, surrogate, runtime: rounding })
      const settings = { learningRate: 1e-3, weightDecay: 0, gradientClip: 1, klCoefficient: 0 }
      const weights = mask.map((value, index) => value * (index % 2 === 0 ? 1e-9 : -1e-9))
      const { gradientNorm } = await step.step(
        { ids, mask, weights },
        settings,
        newTrainingState(parametersOf(model))
      )
      await step.release()
      return gradientNorm
    }
    const expected = await normOf(exact)
    expect(expected).toBeLessThan(1e-8)
    expect(Math.abs((await normOf(model)) / expected - 1)).toBeLessThan(2e-2)
  })

  it('stop the step when a number leaves float16, and leave the adapter as it was', async () => {
    const tensors = storedAs(config, 'float32')
    const name = 'model.layers.1.mlp.down_proj.weight'
    tensors.set(name, float32([32, 96], new Float32Array(32 * 96).fill(6e4)))
    const step = await createSupervisedStep({
      model: hold(config, tensors, { products: 'float16' }),
      trainable,
      ...shape,
      runtime: rounding
    })
    const state = newTrainingState(parametersOf(model))
    const before = state.parameters
    const settings = { learningRate: 1e-2, weightDecay: 0, gradientClip: 1 }
    await expect(step.step({ ids, mask }, settings, state)).rejects.toMatchObject({ code: 'not-a-number' })
    expect(state.parameters).toBe(before)
    await step.release()
  })

  it('need weights that float16 can hold', () => {
    const tensors = storedAs(config, 'float32')
    tensors.set('lm_head.weight', float32([13, 32], new Float32Array(13 * 32).fill(7e4)))
    expect(() => hold(config, tensors, { products: 'float16' })).toThrow(
      /lm_head.weight holds a weight beyond 65,504/
    )
  })

  it('are not for a base in 4 bits', () => {
    expect(() => hold(config, storedAs(config, 'float32'), { form: '4-bit', products: 'float16' })).toThrow(
      /float32 only/
    )
  })
})
