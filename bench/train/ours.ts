import { newTrainingState } from '../../src/engine/optim/state'
import { createPpoStep } from '../../src/engine/rl/ppo-step'
import { openRuntime } from '../../src/engine/runtime/session'
import { randomModel } from '../support/models'
import { takeTurns } from '../support/turns'
import { parseCase, randomBatch } from './case'
import { benchSettings } from './settings'

/**
 * Our PPO step as a child of the bench. Arguments: CASE THREADS RECOMPUTED_LAYERS.
 */
async function main(): Promise<void> {
  const [name, threads, recomputed] = process.argv.slice(2)
  const shape = parseCase(name)
  const { model, trainable, parameters } = randomModel(shape.size)
  const { batch, length } = shape
  const update = randomBatch(shape)
  const runtime = openRuntime({ device: 'cpu', threads: Number(threads) })
  const ppo = await createPpoStep({
    ...{ model, trainable, batch, length, runtime, value: true },
    responseTokens: update.responseTokens,
    recomputedLayers: Number(recomputed)
  })
  const state = newTrainingState(parameters)
  await takeTurns(async () => {
    const { loss } = await ppo.step(update, benchSettings, state)
    return { loss }
  })
}

void main()
