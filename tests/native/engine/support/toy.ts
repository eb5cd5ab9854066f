import { elementCount, float32, type ParameterSet } from '../../../../src/engine/graph'
import type { LlamaConfig } from '../../../../src/engine/models/llama-config'
import type { Lora, Model, Trainable } from '../../../../src/engine/models/model'
import { checkpointShapes, loraModules } from '../../../../src/engine/models/names'
import { parameterShapes } from '../../../../src/engine/models/parameters'
import type { Random } from './random'

/** Small enough to read in a snapshot; grouped heads whose size is not hiddenSize / heads. */
export const toyConfig = (tiedEmbeddings: boolean): LlamaConfig => ({
  vocabularySize: 11,
  hiddenSize: 8,
  intermediateSize: 10,
  layers: 2,
  heads: 4,
  keyValueHeads: 2,
  headSize: 6,
  contextLength: 32,
  normEpsilon: 1e-5,
  rope: { type: 'default', theta: 10_000 },
  tiedEmbeddings,
  dtype: 'float32',
  beginToken: 1,
  endTokens: [2]
})

export const toyLora: Lora = { rank: 3, alpha: 6, modules: loraModules }

/** Weights large enough that every part of the model matters. */
export function toyModel(config: LlamaConfig, random: Random): Model {
  const tensors = new Map(
    [...checkpointShapes(config)].map(([name, shape]) => {
      const around = name.endsWith('norm.weight') ? 1 : 0
      return [
        name,
        float32(
          shape,
          random.floats(elementCount(shape), () => around + 0.4 * random.normal())
        )
      ]
    })
  )
  return { config, tensors }
}

/** Trained tensors that differ from where training starts: adapters whose B is not zero, weights off the model's. */
export function toyParameters(
  model: Model,
  trainable: Trainable,
  value: boolean,
  random: Random
): ParameterSet {
  const parameters: ParameterSet = new Map()
  for (const [name, shape] of parameterShapes(model.config, trainable, value)) {
    const start = model.tensors.get(name)?.data as Float32Array | undefined
    const data = random.floats(elementCount(shape), () => 0.3 * random.normal())
    if (start) start.forEach((weight, index) => (data[index] = weight + 0.3 * data[index]))
    parameters.set(name, float32(shape, data))
  }
  return parameters
}
