import { createInterface } from 'node:readline'
import { newTrainingState } from '../../src/engine/optim/state'
import { createPpoStep } from '../../src/engine/rl/ppo-step'
import { openRuntime } from '../../src/engine/runtime/session'
import { randomModel } from '../support/models'
import { parseCase, randomBatch } from './case'
import { benchSettings } from './settings'

/**
 * Our PPO step as a child of the bench: a line of JSON when it is ready, then one for each line `go` that comes in.
 * Arguments: CASE THREADS RECOMPUTED_LAYERS.
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
  console.log(JSON.stringify({ ready: true }))
  for await (const line of createInterface({ input: process.stdin })) {
    if (line !== 'go') break
    const start = performance.now()
    const { loss } = await ppo.step(update, benchSettings, state)
    console.log(JSON.stringify({ ms: performance.now() - start, loss }))
  }
  process.exit(0)
}

void main()
