import { readFileSync } from 'node:fs'
import { elementCount, float32, Graph, identity, type HostTensor } from '../../src/engine/graph'
import type { Model } from '../../src/engine/models/model'
import { checkpointShapes } from '../../src/engine/models/names'
import { parameterShapes } from '../../src/engine/models/parameters'
import { newTrainingState } from '../../src/engine/optim/state'
import type { PpoBatch } from '../../src/engine/rl/ppo-step'
import { openRuntime } from '../../src/engine/runtime/session'
import { configOf, trainableOf } from '../support/models'
import { memoryCases, openParts } from './cases'

/** One case in a process of its own: prints how many bytes it takes at the worst moment, beyond a process that does nothing. */
async function main(): Promise<void> {
  const shape = memoryCases.find(({ name }) => name === process.argv[2])
  if (!shape) throw new Error(`There is no case ${process.argv[2]}.`)
  const runtime = openRuntime({ device: 'cpu', threads: 2 })
  const nothing = new Graph()
  nothing.output('y', identity(nothing.input('x', 'float32', [1])))
  await (await runtime.open(nothing)).release()
  const before = resident('VmRSS')

  const config = configOf(shape.size)
  const tensors = new Map([...checkpointShapes(config)].map(([name, size]) => [name, filled(size)]))
  const model: Model = { config, tensors }
  const trainable = trainableOf(config, shape.kind)
  const state = newTrainingState(
    new Map([...parameterShapes(config, trainable, false)].map(([name, size]) => [name, filled(size)]))
  )
  const { batch, length, rounds, microBatches = 1 } = shape
  const { generator, scorer, step } = await openParts(shape, model, trainable, () => runtime)
  const count = batch * length
  const ids = BigInt64Array.from({ length: count }, (_, index) =>
    BigInt((index * 13) % config.vocabularySize)
  )
  const prompt = Array.from({ length: length >> 1 }, (_, index) => (index * 7) % config.vocabularySize)
  const prompts = Array.from({ length: batch }, () => prompt)
  for (let round = 0; round < rounds; round++) {
    await generator?.generate({ prompts, parameters: state.parameters })
    await scorer?.score({ ids, temperature: 1, parameters: state.parameters })
    const part = count / microBatches
    const parts = Array.from({ length: microBatches }, (_, index) =>
      batchOf(ids.slice(index * part, (index + 1) * part))
    )
    await step?.step(microBatches > 1 ? parts : parts[0], settings, state)
  }
  console.log(resident('VmHWM') - before)
}

/** Bytes. */
function resident(field: 'VmRSS' | 'VmHWM'): number {
  const found = new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))
  return Number(found?.[1]) * 1024
}

let salt = 0
/** Different numbers in every tensor: ONNX Runtime shares what it arranges of equal ones. */
function filled(shape: readonly number[]): HostTensor {
  const data = new Float32Array(elementCount(shape))
  salt++
  for (let i = 0; i < data.length; i++) data[i] = (((i + salt) * 7919) % 104_729) / 2_500_000 - 0.02
  return float32(shape, data)
}

const settings = {
  ...{ learningRate: 1e-4, weightDecay: 0, gradientClip: 1, clip: 0.2, valueClip: 0.2 },
  ...{ valueCoefficient: 0, klCoefficient: 0, policyCoefficient: 1 }
}

const batchOf = (ids: BigInt64Array): PpoBatch => ({
  ids,
  mask: new Float32Array(ids.length).fill(1),
  oldLogProbs: new Float32Array(ids.length).fill(-5),
  advantages: new Float32Array(ids.length).fill(1),
  temperature: 1
})

void main()
