import { describe, expect, it } from 'vitest'
import { gradients } from '../../../../src/engine/autodiff/gradients'
import { add, bytesOf, exponential, Graph, multiply, sum, verify } from '../../../../src/engine/graph'
import type { Trainable } from '../../../../src/engine/models/model'
import { newTrainingState } from '../../../../src/engine/optim/state'
import { createPpoStep } from '../../../../src/engine/rl/ppo-step'
import { ppoLoss } from '../../../../src/engine/rl/ppo-loss'
import { openRuntime } from '../../../../src/engine/runtime/session'
import { Random } from '../support/random'
import { toyConfig, toyLora, toyModel, toyParameters, toySettings as settings } from '../support/toy'

const runtime = openRuntime({ device: 'cpu', threads: 1 })
const [batch, length] = [3, 9]
const count = batch * length
const model = toyModel(toyConfig(true), new Random(5))
const random = new Random(8)
const update = {
  ids: BigInt64Array.from({ length: count }, () => BigInt(random.below(11))),
  mask: Float32Array.from({ length: count }, (_, i) => (i % length >= 2 && i % length < length - 1 ? 1 : 0)),
  oldLogProbs: random.floats(count, () => -2.4 + 0.3 * random.normal()),
  advantages: random.floats(count),
  returns: random.floats(count),
  oldValues: random.floats(count),
  temperature: 1
}

describe('layers that are computed again for their gradients', () => {
  it.each([
    ['full', { kind: 'full' }],
    ['lora', { kind: 'lora', lora: toyLora }]
  ] as [string, Trainable][])('give the bits of layers that are kept, %s', async (_, trainable) => {
    const states = []
    for (const recomputedLayers of [0, 1, 2]) {
      const options = { model, trainable, batch, length, runtime, value: true, reference: true }
      const ppo = await createPpoStep({ ...options, recomputedLayers })
      const state = newTrainingState(toyParameters(model, trainable, true, new Random(6)))
      const stats = [await ppo.step(update, settings, state), await ppo.step(update, settings, state)]
      await ppo.release()
      const bytes = [...state.parameters].map(([name, tensor]) => [
        name,
        Buffer.from(bytesOf(tensor)).toString('hex')
      ])
      states.push({ stats, bytes })
    }
    expect(states[1]).toEqual(states[0])
    expect(states[2]).toEqual(states[0])
  })

  it('are in the graph twice', () => {
    const nodes = (recomputedLayers: number): number => {
      const graph = new Graph()
      const { loss, parameters } = ppoLoss(graph, {
        ...{ model, batch, length, recomputedLayers },
        trainable: { kind: 'full' }
      })
      gradients(loss, [...parameters.values()])
      verify(graph)
      return graph.nodes.filter(({ operator }) => operator === 'Softmax').length
    }
    expect([0, 1, 2].map(nodes)).toEqual([2, 3, 4])
  })
})

it('what lies inside a segment may not be used outside', () => {
  const graph = new Graph()
  const x = graph.input('x', 'float32', [2])
  let inner = x
  const y = graph.asSegment(x, () => {
    inner = exponential(x)
    return multiply(inner, inner)
  })
  expect(() => gradients(sum(add(y, inner)), [x])).toThrow(/lies inside a segment/)
})
