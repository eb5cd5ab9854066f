import { floats, Graph, int64, type ParameterSet } from '../../../../src/engine/graph'
import { causalAttention, decoder, languageHead } from '../../../../src/engine/models/llama'
import type { LlamaConfig } from '../../../../src/engine/models/llama-config'
import type { Model, Trainable } from '../../../../src/engine/models/model'
import { checkpointShapes } from '../../../../src/engine/models/names'
import { bindWeights } from '../../../../src/engine/models/weights'
import { openRuntime } from '../../../../src/engine/runtime/session'

export const runtime = openRuntime({ device: 'cpu', threads: 1 })

/** Pseudo-random numbers in [0, 1) for tests: 24 bits of a linear congruential generator. */
export function numbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state >>> 8) / 2 ** 24
  }
}

export const uniformNumbers = (count: number, seed: number): Float32Array =>
  Float32Array.from({ length: count }, numbers(seed))

/** A small model of random weights, its head its own, several sizes odd. */
export function randomModel(change: Partial<LlamaConfig> = {}, seed = 1): Model {
  const config: LlamaConfig = {
    vocabularySize: 37,
    hiddenSize: 24,
    intermediateSize: 20,
    layers: 2,
    heads: 6,
    keyValueHeads: 2,
    headSize: 4,
    contextLength: 64,
    normEpsilon: 1e-5,
    rope: { type: 'default', theta: 10_000 },
    tiedEmbeddings: false,
    dtype: 'float32',
    beginToken: 1,
    endTokens: [2],
    ...change
  }
  const next = numbers(seed)
  const tensors = [...checkpointShapes(config)].map(([name, shape]) => {
    const size = shape.reduce((product, extent) => product * extent, 1)
    const isNorm = name.includes('norm')
    const data = Float32Array.from({ length: size }, () => (isNorm ? 0.5 + next() : (next() - 0.5) * 1.2))
    return [name, { dtype: 'float32' as const, shape, data }] as const
  })
  return { config, tensors: new Map(tensors) }
}

/** Logits of every position by a full forward pass, no cache and no padding: [T][V]. */
export async function fullForward(
  model: Model,
  trainable: Trainable,
  parameters: ParameterSet,
  ids: readonly number[]
): Promise<Float32Array[]> {
  const { config } = model
  const graph = new Graph()
  const { policy } = bindWeights(graph, model, trainable, false)
  const input = graph.input('ids', 'int64', [1, ids.length])
  const hidden = decoder(config, policy, input, causalAttention(graph, config, 1, ids.length))
  graph.output('logits', languageHead(config, policy, hidden))
  const session = await runtime.open(graph)
  const tensor = int64([1, ids.length], BigInt64Array.from(ids, BigInt))
  const { logits } = await session.run({ ids: tensor, ...Object.fromEntries(parameters) })
  await session.release()
  const size = config.vocabularySize
  return ids.map((_, t) => floats(logits).slice(t * size, (t + 1) * size) as Float32Array)
}

/** softmax(logits / temperature) in double precision. */
export function distribution(logits: ArrayLike<number>, temperature = 1): number[] {
  const scaled = Array.from(logits, (logit) => logit / temperature)
  const highest = Math.max(...scaled)
  const weights = scaled.map((value) => Math.exp(value - highest))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map((weight) => weight / total)
}

export const indexOfLargest = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((best, value, index, all) => (value > all[best] ? index : best), 0)
