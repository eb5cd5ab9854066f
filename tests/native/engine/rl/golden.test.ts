import { describe, expect, it } from 'vitest'
import { floats, Graph } from '../../../../src/engine/graph'
import { neededTokens } from '../../../../src/engine/models/token-rows'
import { newTrainingState } from '../../../../src/engine/optim/state'
import { policyPass } from '../../../../src/engine/rl/policy-pass'
import { openTrainingStep } from '../../../../src/engine/rl/training-step'
import { openRuntime } from '../../../../src/engine/runtime/session'
import { analyticGradients } from '../support/differences'
import { goldenCases, relativeError } from '../support/golden'

const runtime = openRuntime({ device: 'cpu', threads: 2, spinning: false })
const limit = 1e-5

describe.each(goldenCases().map((one) => [one.name, one] as const))(
  'against PyTorch in float64: %s',
  (_, golden) => {
    const { options, parameters, build, inputs, expected } = golden
    const everything = { ...inputs, ...Object.fromEntries(parameters) }

    it('the same distribution at every position', async () => {
      const graph = new Graph()
      const pass = policyPass(graph, { ...options, reference: false })
      graph.output('distribution', pass.distribution)
      const session = await runtime.open(graph)
      const wanted = new Set(graph.inputs.map((input) => input.name))
      const { batch, length, model } = options
      const given = { ...everything, ...neededTokens(batch, length) }
      const feeds = Object.fromEntries(Object.entries(given).filter(([name]) => wanted.has(name)))
      const { distribution } = await session.run(feeds)
      await session.release()
      const width = model.config.vocabularySize
      const predicting = expected.logProbs.filter(
        (_number, index) => Math.floor(index / width) % length < length - 1
      )
      expect(predicting.length).toBe(batch * (length - 1) * width)
      expect(relativeError(floats(distribution), predicting)).toBeLessThanOrEqual(limit)
    })

    it.each([
      ['fused float32', limit],
      ['float64', 1e-6] // settings such as 0.2, and the rotary tables, are single precision on our side
    ] as const)('the same gradients in %s', async (precision, allowed) => {
      const gradients = await analyticGradients(build, everything, precision)
      expect([...gradients.keys()].sort()).toEqual([...expected.gradients.keys()].sort())
      for (const [name, values] of expected.gradients)
        expect(relativeError(gradients.get(name) ?? [], values), name).toBeLessThanOrEqual(allowed)
    })

    it('the same losses and weights over eight AdamW steps', async () => {
      const step = await openTrainingStep(build(new Graph()), runtime)
      const state = newTrainingState(parameters)
      for (const loss of expected.losses) {
        const stats = await step.run([inputs], golden.optimizer, state)
        expect(Math.abs(stats.loss - loss) / Math.abs(loss)).toBeLessThanOrEqual(limit)
      }
      await step.release()
      expect(expected.losses[0]).toBe(expected.loss)
      for (const [name, values] of expected.after) {
        const tensor = state.parameters.get(name)
        if (!tensor) throw new Error(`${name} is gone.`)
        expect(relativeError(floats(tensor), values)).toBeLessThanOrEqual(limit)
      }
    })
  }
)
