import { floats, type ParameterSet } from '../../../src/engine/graph'
import { loraParameters, valueHeadParameters } from '../../../src/engine/models/parameters'
import { newTrainingState } from '../../../src/engine/optim/state'
import { createPpoStep } from '../../../src/engine/rl/ppo-step'
import { createScorer } from '../../../src/engine/rl/scorer'
import { openRuntime, type Device } from '../../../src/engine/runtime/session'
import { Random } from '../../native/engine/support/random'
import { toyConfig, toyLora, toyModel } from '../../native/engine/support/toy'

/** Scores and trains a toy model on the CPU and on WebGPU, and prints how far apart they are, as JSON. */
const model = toyModel({ ...toyConfig(true), layers: 1 }, new Random(1))
const [batch, length] = [2, 6]
const count = batch * length
/** Updates: later ones start from weights that the device itself has made. */
const steps = 5
const trainable = { kind: 'lora', lora: toyLora } as const

async function resultsOn(
  device: Device
): Promise<{ logProbs: Float32Array; losses: Float32Array; moments: ParameterSet }> {
  const runtime = openRuntime({ device, threads: 1 })
  const random = new Random(2)
  const parameters = loraParameters(model.config, toyLora, () => random.normal())
  const state = newTrainingState(new Map([...parameters, ...valueHeadParameters(model.config)]))
  const ids = BigInt64Array.from({ length: count }, (_, index) => BigInt((index * 5) % 11))
  const options = { model, trainable, batch, length, runtime, value: true, reference: true }
  const scorer = await createScorer(options)
  const { logProbs } = await scorer.score({ ids, temperature: 1, parameters: state.parameters })
  await scorer.release()
  const ppo = await createPpoStep(options)
  const numbers = random.floats(count)
  const update = {
    ids,
    mask: new Float32Array(count).fill(1),
    oldLogProbs: logProbs.map((logProb, index) => logProb + 0.05 * numbers[index]),
    advantages: numbers,
    returns: numbers,
    oldValues: new Float32Array(count),
    temperature: 1
  }
  const settings = {
    learningRate: 1e-2,
    weightDecay: 0,
    gradientClip: 1,
    clip: 0.2,
    valueClip: 0.2,
    valueCoefficient: 0.1,
    klCoefficient: 0.1,
    policyCoefficient: 1
  }
  const losses: number[] = []
  let moments: ParameterSet = new Map()
  for (let step = 0; step < steps; step++) {
    losses.push((await ppo.step(update, settings, state)).loss)
    if (step === 0) moments = state.first
  }
  await ppo.release()
  return { logProbs, losses: Float32Array.from(losses), moments }
}

const apart = (a: Float32Array, b: Float32Array): number =>
  Math.max(...a.map((value, index) => Math.abs(value - b[index])))

async function main(): Promise<void> {
  const cpu = await resultsOn('cpu')
  const gpu = await resultsOn('webgpu')
  // The first moment is a tenth of the clipped gradient; the weights themselves move by the sign of it.
  const gradients = [...cpu.moments].map(([name, tensor]) => {
    const other = gpu.moments.get(name)
    return other
      ? apart(floats(tensor), floats(other)) / Math.max(1e-6, ...floats(tensor).map(Math.abs))
      : Infinity
  })
  const differences = {
    logProbs: apart(cpu.logProbs, gpu.logProbs),
    losses: apart(cpu.losses, gpu.losses),
    /** How far the losses move by themselves: a difference means something only beside it. */
    learned: Math.abs(cpu.losses[0] - cpu.losses[steps - 1]),
    gradients: Math.max(...gradients)
  }
  process.stdout.write(JSON.stringify(differences))
}

void main()
