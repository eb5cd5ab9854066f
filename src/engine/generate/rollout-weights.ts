import { concat, matmul, matmulAdd, split, type Graph, type Value } from '../graph'
import type { Linear, Role } from '../models/decoder-config'
import { loraScale, weightBytes, type Model, type Trainable } from '../models/model'
import { layerName } from '../models/names'
import { loraName } from '../models/parameters'
import { bindWeights, type Weights } from '../models/weights'

/** Matrices that read the same input: one product for all of a group is faster than one for each. */
const readTogether: readonly (readonly Role[])[] = [
  ['query', 'key', 'value'],
  ['gate', 'up']
]

/**
 * A model's weights as a rollout reads them: every matrix once per token, hundreds of times a run. So what does not
 * depend on the token is done before the first: an adapter is added to its matrices, W + `loraScale` · B·A, and
 * matrices that read the same input are joined. What is trained comes in as inputs of `graph`, under its own names.
 *
 * A large model's adapter is better left apart (`merge` false): the merged copy takes memory, and ONNX Runtime prepares
 * constant matrices once, which it cannot do for computed ones. So are the weights of a model of 1 GiB or more, and those
 * held in 16 or 4 bits: they are read where they lie.
 */
export function rolloutWeights(graph: Graph, model: Model, trainable: Trainable, merge: boolean): Weights {
  const apart = staysApart(model)
  const { policy, parameters } = bindWeights(graph, model, trainable, false, apart)
  if (apart || (trainable.kind === 'lora' && !merge)) return policy
  const { config } = model
  const groups = groupsOf(config.linears)

  const merged = (layer: number, linear: Linear): Value => {
    const weight = policy.tensor(`${layerName(config, layer, linear.path)}.weight`)
    const a = parameters.get(loraName(config, layer, linear, 'A'))
    const b = parameters.get(loraName(config, layer, linear, 'B'))
    if (trainable.kind !== 'lora' || !a || !b) return weight
    const scale = loraScale(trainable.lora)
    return linear.transposed
      ? matmulAdd(a, b, weight, { scale, transposeA: true, transposeB: true })
      : matmulAdd(b, a, weight, { scale })
  }
  const joined = new Map<string, { readonly weight: Value; readonly bias: Value | null }>()
  for (let layer = 0; layer < config.layers; layer++) {
    for (const group of groups) {
      const [{ path, transposed, bias }] = group
      const weights = group.map((linear) => merged(layer, linear))
      const biases = bias
        ? group.map((linear) => policy.tensor(`${layerName(config, layer, linear.path)}.bias`))
        : []
      joined.set(layerName(config, layer, path), {
        weight: concat(weights, transposed ? 1 : 0),
        bias: bias ? concat(biases, 0) : null
      })
    }
  }
  // The parts of a group's product, until all of them have been asked for.
  const products = new Map<Value, readonly Value[]>()
  return {
    ...policy,
    linear(x, layer, linear) {
      const group = groups.find((members) => members.includes(linear)) ?? [linear]
      const parts = products.get(x) ?? multiplyGroup(x, layer, group)
      products.set(x, parts)
      return parts[group.indexOf(linear)]
    }
  }

  function multiplyGroup(x: Value, layer: number, group: readonly Linear[]): readonly Value[] {
    const matrix = joined.get(layerName(config, layer, group[0].path))
    if (!matrix) throw new Error(`${group[0].path} is no matrix of ${config.architecture}.`)
    const { weight, bias } = matrix
    const options = { transposeB: !group[0].transposed }
    const whole = bias ? matmulAdd(x, weight, bias, options) : matmul(x, weight, options)
    return split(
      whole,
      1,
      group.map(({ outputs }) => outputs)
    )
  }
}

/** Bytes of weights from which a copy for rollouts is one too many. */
const largeFrom = 2 ** 30

/** Whether rollouts read the weights as they are held: the model is large, or not all of it is in float32. */
const staysApart = (model: Model): boolean =>
  model.fourBit !== undefined ||
  weightBytes(model) >= largeFrom ||
  [...model.tensors.values()].some(({ dtype }) => dtype !== 'float32')

/** The matrices of a layer, those that read the same input together. */
function groupsOf(linears: readonly Linear[]): readonly (readonly Linear[])[] {
  const together = readTogether
    .map((roles) => linears.filter(({ role }) => roles.includes(role)))
    .filter((group) => group.length > 0)
  const single = linears.filter((linear) => !together.flat().includes(linear))
  return [...together, ...single.map((linear) => [linear])]
}
