import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Graph, printGraph, verify } from '../../../../src/engine/graph'
import { completeStep } from '../../../../src/engine/rl/step-graphs'
import { offlineLoss } from '../../../../src/engine/rl/offline-loss'
import { ppoLoss } from '../../../../src/engine/rl/ppo-loss'
import { supervisedLoss } from '../../../../src/engine/rl/supervised-loss'
import { Random } from '../../../native/engine/support/random'
import { toyConfig, toyModel } from '../../../native/engine/support/toy'

const model = toyModel({ ...toyConfig(true), layers: 1 }, new Random(1))
const lora = { kind: 'lora', lora: { rank: 2, alpha: 4, modules: ['q_proj', 'v_proj'] } } as const
const options = { model, trainable: lora, batch: 2, length: 5 }

const graphs = {
  'ppo-lora': ppoLoss(new Graph(), { ...options, value: true, reference: true }),
  'offline-lora': offlineLoss(new Graph(), options),
  'supervised-full': supervisedLoss(new Graph(), { ...options, trainable: { kind: 'full' } })
}

/** A refactor that changes nothing shows an empty diff here; `npx vitest -u` writes the texts again. */
describe('emitted training steps', () => {
  it.each(Object.entries(graphs))('%s', async (name, loss) => {
    completeStep(loss)
    verify(loss.graph)
    const file = resolve(import.meta.dirname, `../../../golden/graphs/${name}.txt`)
    await expect(`${printGraph(loss.graph)}\n`).toMatchFileSnapshot(file)
  })
})
