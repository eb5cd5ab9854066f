import { matmul, matmulAdd, multiply, type Graph, type Value } from '../graph'
import type { DecoderConfig, Linear } from './decoder-config'
import { fourBitMatrix } from './four-bit-matrix'
import { halfMatrix, plainMatrix, type HeldMatrix } from './held-matrix'
import { adapts, loraScale, tensorOf, type Lora, type Model, type Trainable } from './model'
import { checkpointShapes, layerName } from './names'
import { loraName, parameterShapes } from './parameters'

/** A model's weights inside a graph. */
export interface Weights {
  /** A tensor by its Hugging Face name, in float32. */
  tensor(name: string): Value
  /** Rows of a matrix at `indices`, as `gather` gives them. */
  rows(name: string, indices: Value): Value
  /** x [N, inputs] -> x·Wᵀ [N, outputs] with a matrix that is no layer's: the language head. */
  product(x: Value, name: string): Value
  /** x [N, inputs] -> x·Wᵀ + bias [N, outputs], with the adapter's part if the matrix has one. */
  linear(x: Value, layer: number, linear: Linear): Value
}

/**
 * The model's own weights as constants. ONNX Runtime prepacks them for each session, which is the fastest way to read
 * them for some rows at a time, and takes another copy. With `shared`, all sessions read the model's own memory: as fast
 * for one row and for hundreds, and the only way for a large model. What is held in 16 bits is always shared.
 */
export function constantWeights(graph: Graph, model: Model, shared = false): Weights {
  const made = new Map<string, HeldMatrix>()
  return weightsOf(model.config, (name) => {
    const matrix = made.get(name) ?? held(graph, model, name, shared)
    made.set(name, matrix)
    return matrix
  })
}

function held(graph: Graph, model: Model, name: string, shared: boolean): HeldMatrix {
  const packed = model.fourBit?.get(name)
  if (packed) return fourBitMatrix(graph, name, packed)
  const tensor = tensorOf(model, name)
  if (tensor.dtype !== 'float32') return halfMatrix(graph, name, tensor, model.products ?? 'float32')
  // Gains and biases stay constants: they are small, and what they are part of may be fused.
  return plainMatrix(graph.initialiser(name, tensor, { shared: shared && tensor.shape.length > 1 }))
}

/** Weights by name from values that exist already. */
const plainWeights = (config: DecoderConfig, tensor: (name: string) => Value): Weights =>
  weightsOf(config, (name) => plainMatrix(tensor(name)))

function weightsOf(config: DecoderConfig, matrix: (name: string) => HeldMatrix): Weights {
  return {
    tensor: (name) => matrix(name).whole(),
    rows: (name, indices) => matrix(name).rows(indices),
    product: (x, name) => matrix(name).multiply(x, false, null),
    linear: (x, layer, linear) => {
      const name = layerName(config, layer, linear.path)
      const bias = linear.bias ? matrix(`${name}.bias`).whole() : null
      return matrix(`${name}.weight`).multiply(x, linear.transposed, bias)
    }
  }
}

/**
 * `base` plus alpha / rank · B·A on the adapted matrices. On N rows, a matrix [outputs, inputs] and its adapter take
 * 2 · inputs · outputs + 3 · rank · (inputs + outputs) products a row, forward and backward, if x goes through them one
 * after the other, and 3 · inputs · outputs if they are added first. So small matrices are added first.
 */
function withAdapter(
  config: DecoderConfig,
  base: Weights,
  lora: Lora,
  tensor: (name: string) => Value,
  masked: (x: Value, name: string) => Value = (x) => x
): Weights {
  const scale = loraScale(lora)
  const sums = new Map<string, Value>()
  return {
    ...base,
    linear: (x, layer, linear) => {
      if (!adapts(lora, linear)) return base.linear(x, layer, linear)
      const a = tensor(loraName(config, layer, linear, 'A'))
      const b = tensor(loraName(config, layer, linear, 'B'))
      const { inputs, outputs, transposed } = linear
      const input = masked(x, layerName(config, layer, linear.path))
      const small = inputs * outputs < 3 * lora.rank * (inputs + outputs)
      if (input !== x || transposed || linear.bias || !small) {
        const low = matmul(input, a, { transposeB: true }) // [N, rank]
        return matmulAdd(low, b, base.linear(x, layer, linear), { transposeB: true, scale })
      }
      const name = `${layerName(config, layer, linear.path)}.weight`
      const sum = sums.get(name) ?? matmulAdd(b, a, base.tensor(name), { scale })
      sums.set(name, sum)
      return matmul(x, sum, { transposeB: true })
    }
  }
}

/** The weights of a graph that has inputs for what is trained. */
export interface BoundWeights {
  /** The trained tensors: inputs under their own names, in the order of a ParameterSet. */
  readonly parameters: ReadonlyMap<string, Value>
  readonly policy: Weights
  /** Inputs that say what the adapter leaves out, [rows, inputs] for each adapted matrix; complete once it is used. */
  readonly masks: ReadonlyMap<string, Value>
  /**
   * The model that training started from: the base without its adapter, or the initial weights. These come in as
   * inputs when every weight is trained, so that both forward passes run through the same kernels and agree to the
   * last bit while the weights are equal; feed them with `referenceInputs`.
   */
  reference(): Weights
}

const referenceName = (name: string): string => `reference.${name}`

/**
 * Declares what is trained as inputs of `graph`, and the rest of the model as constants: see `constantWeights`. With
 * `dropout`, for a training step, the adapter's inputs are multiplied with masks if it asks for that.
 */
export function bindWeights(
  graph: Graph,
  model: Model,
  trainable: Trainable,
  value: boolean,
  shared = true,
  dropout = false
): BoundWeights {
  const parameters = new Map<string, Value>()
  const masks = new Map<string, Value>()
  const masked = (x: Value, name: string): Value => {
    const mask = masks.get(name) ?? graph.input(`dropout.${name}`, 'float32', x.shape)
    masks.set(name, mask)
    return multiply(x, mask)
  }
  for (const [name, shape] of parameterShapes(model.config, trainable, value))
    parameters.set(name, graph.input(name, 'float32', shape))
  const parameter = (name: string): Value => {
    const found = parameters.get(name)
    if (!found) throw new Error(`${name} is not among the trained tensors.`)
    return found
  }
  if (trainable.kind === 'full') {
    let reference: Weights | null = null
    return {
      parameters,
      masks,
      policy: plainWeights(model.config, parameter),
      reference: () => (reference ??= inputWeights(graph, model))
    }
  }
  const base = constantWeights(graph, model, shared)
  const { config } = model
  if (trainable.kind !== 'lora') return { parameters, masks, policy: base, reference: () => base }
  const { lora } = trainable
  const isMasked = dropout && (lora.dropout ?? 0) > 0
  const policy = withAdapter(config, base, lora, parameter, isMasked ? masked : undefined)
  return { parameters, masks, policy, reference: () => base }
}

function inputWeights(graph: Graph, model: Model): Weights {
  const inputs = new Map<string, Value>()
  for (const [name, shape] of checkpointShapes(model.config))
    inputs.set(name, graph.input(referenceName(name), 'float32', shape))
  return plainWeights(model.config, (name) => {
    const found = inputs.get(name)
    if (!found) throw new Error(`${name} is no tensor of the model.`)
    return found
  })
}

/** What to feed for the reference, if the graph has it as inputs. */
export function referenceInputs(
  model: Model,
  trainable: Trainable
): Record<string, ReturnType<typeof tensorOf>> {
  if (trainable.kind !== 'full') return {}
  const names = [...checkpointShapes(model.config).keys()]
  return Object.fromEntries(names.map((name) => [referenceName(name), tensorOf(model, name)]))
}
