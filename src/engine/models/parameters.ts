import { elementCount, float32, floats, type ParameterSet, type Shape } from '../graph'
import type { DecoderConfig, Linear } from './decoder-config'
import { adapts, tensorOf, type Lora, type Model, type Trainable } from './model'
import { checkpointShapes, layerName } from './names'

/** Names of the value head's tensors: weight [1, hidden size], bias [1]. */
export const valueWeight = 'value_head.weight'
export const valueBias = 'value_head.bias'

/** PEFT's name of one half of an adapted matrix. */
export const loraName = (config: DecoderConfig, layer: number, linear: Linear, half: 'A' | 'B'): string =>
  `base_model.model.${layerName(config, layer, linear.path)}.lora_${half}.weight`

/** Names and shapes of an adapter's tensors: A [rank, inputs] and B [outputs, rank] of each matrix. */
export function loraShapes(config: DecoderConfig, lora: Lora): Map<string, Shape> {
  const shapes = new Map<string, Shape>()
  for (let layer = 0; layer < config.layers; layer++)
    for (const linear of config.linears.filter((one) => adapts(lora, one))) {
      shapes.set(loraName(config, layer, linear, 'A'), [lora.rank, linear.inputs])
      shapes.set(loraName(config, layer, linear, 'B'), [linear.outputs, lora.rank])
    }
  return shapes
}

/** Names and shapes of everything that is trained, in the order that a ParameterSet keeps. */
export function parameterShapes(
  config: DecoderConfig,
  trainable: Trainable,
  value: boolean
): Map<string, Shape> {
  const shapes =
    trainable.kind === 'lora'
      ? loraShapes(config, trainable.lora)
      : trainable.kind === 'full'
        ? checkpointShapes(config)
        : new Map<string, Shape>()
  if (value) shapes.set(valueWeight, [1, config.hiddenSize]).set(valueBias, [1])
  return shapes
}

/**
 * A fresh adapter, which changes nothing: B is zero. A is drawn from `normal` (mean 0, deviation 1) with the deviation
 * of PEFT's default, Kaiming's uniform distribution with a = √5: 1 / √(3 · inputs).
 */
export function loraParameters(config: DecoderConfig, lora: Lora, normal: () => number): ParameterSet {
  const parameters: ParameterSet = new Map()
  for (const [name, shape] of loraShapes(config, lora)) {
    const data = new Float32Array(elementCount(shape))
    const deviation = 1 / Math.sqrt(3 * shape[1])
    if (name.endsWith('.lora_A.weight')) for (let i = 0; i < data.length; i++) data[i] = normal() * deviation
    parameters.set(name, float32(shape, data))
  }
  return parameters
}

/** A copy of every weight of the model, to be trained. */
export function fullParameters(model: Model): ParameterSet {
  const parameters: ParameterSet = new Map()
  for (const [name, shape] of checkpointShapes(model.config))
    parameters.set(name, float32(shape, floats(tensorOf(model, name)).slice()))
  return parameters
}

/** A value head that says 0 of everything. */
export function valueHeadParameters(config: DecoderConfig): ParameterSet {
  return new Map([
    [valueWeight, float32([1, config.hiddenSize], new Float32Array(config.hiddenSize))],
    [valueBias, float32([1], new Float32Array(1))]
  ])
}
