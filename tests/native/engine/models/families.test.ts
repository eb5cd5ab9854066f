import { describe, expect, it } from 'vitest'
import { openModelFolder } from '../../../../src/engine/checkpoint/model-folder'
import { floats, Graph } from '../../../../src/engine/graph'
import { causalAttention } from '../../../../src/engine/models/causal-attention'
import { everyToken } from '../../../../src/engine/models/token-rows'
import { decoder, languageHead } from '../../../../src/engine/models/decoder'
import type { Model, Trainable } from '../../../../src/engine/models/model'
import { loraShapes } from '../../../../src/engine/models/parameters'
import { bindWeights } from '../../../../src/engine/models/weights'
import { openRuntime } from '../../../../src/engine/runtime/session'
import { analyticGradients } from '../support/differences'
import { everyTokenLoss } from '../support/every-token'
import { familyCases, familyGolden, type FamilyGolden } from '../support/family-golden'
import { relativeError } from '../support/golden'

const runtime = openRuntime({ device: 'cpu', threads: 1 })
const limit = 1e-4

/** Logits of all rows and positions by one full pass. */
async function logitsOf(
  model: Model,
  golden: FamilyGolden,
  trainable: Trainable
): Promise<ArrayLike<number>> {
  const { config } = model
  const { batch, length, ids } = golden
  const graph = new Graph()
  const { policy } = bindWeights(graph, model, trainable, false)
  const input = graph.input('ids', 'int64', [batch, length])
  const hidden = decoder(config, policy, input, causalAttention(graph, config, everyToken(batch, length)))
  graph.output('logits', languageHead(config, policy, hidden))
  const session = await runtime.open(graph)
  const parameters = trainable.kind === 'lora' ? Object.fromEntries(golden.parameters(config)) : {}
  const { logits } = await session.run({ ids, ...parameters })
  await session.release()
  return floats(logits)
}

function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length)
  return Array.from(expected).reduce((most, value, i) => Math.max(most, Math.abs(value - actual[i])), 0)
}

describe.each(familyCases())('%s, against PyTorch in float64', (name) => {
  const golden = familyGolden(name)
  const trainable: Trainable = { kind: 'lora', lora: golden.lora }

  it('the same logits, without and with an adapter', async () => {
    const model = await openModelFolder(golden.dir)
    expect(largestDifference(await logitsOf(model, golden, { kind: 'none' }), golden.logits)).toBeLessThan(
      limit
    )
    const adapted = await logitsOf(model, golden, trainable)
    expect(largestDifference(adapted, golden.adaptedLogits)).toBeLessThan(limit)
    expect(largestDifference(golden.logits, golden.adaptedLogits)).toBeGreaterThan(0.1)
  })

  it('the same gradients of the adapter, under the names that PEFT gives', async () => {
    const model = await openModelFolder(golden.dir)
    expect([...loraShapes(model.config, golden.lora).keys()].sort()).toEqual(golden.names)
    const { build, inputs } = everyTokenLoss(model, trainable, golden.ids, golden.parameters(model.config))
    for (const precision of ['fused float32', 'float64'] as const) {
      const gradients = await analyticGradients(build, inputs, precision)
      for (const [key, expected] of golden.gradients)
        expect(relativeError(gradients.get(key) ?? [], expected), `${key}, ${precision}`).toBeLessThan(limit)
    }
  })
})
