import { elementCount, float32, type ParameterSet } from '../../../../src/engine/graph'
import type { DecoderConfig } from '../../../../src/engine/models/decoder-config'
import { parseConfig } from '../../../../src/engine/models/families'
import type { Lora, Model, Trainable } from '../../../../src/engine/models/model'
import { checkpointShapes, loraModules } from '../../../../src/engine/models/names'
import { parameterShapes } from '../../../../src/engine/models/parameters'
import type { Random } from './random'

/** Small enough to read in a snapshot; grouped heads whose size is not hiddenSize / heads. */
export const toyConfig = (tiedEmbeddings: boolean): DecoderConfig =>
  parseConfig({
    model_type: 'llama',
    vocab_size: 11,
    hidden_size: 8,
    intermediate_size: 10,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 6,
    max_position_embeddings: 32,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: tiedEmbeddings,
    bos_token_id: 1,
    eos_token_id: 2
  })

export const toyLora: Lora = { rank: 3, alpha: 6, modules: loraModules(toyConfig(true)) }

/** Of a step of the toy in which every term of the loss counts, and the gradient is clipped. */
export const toySettings = {
  learningRate: 0.01,
  weightDecay: 0.1,
  gradientClip: 0.5,
  clip: 0.2,
  valueClip: 0.2,
  valueCoefficient: 0.3,
  policyCoefficient: 1,
  klCoefficient: 0.2
}

/** Weights large enough that every part of the model matters. */
export function toyModel(config: DecoderConfig, random: Random): Model {
  const tensors = new Map(
    [...checkpointShapes(config)].map(([name, shape]) => {
      const around = shape.length === 1 && name.endsWith('.weight') ? 1 : 0 // a norm's
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
