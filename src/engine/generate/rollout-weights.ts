import { concat, gather, matmul, matmulAdd, split, type Graph, type HostTensor, type Value } from '../graph'
import type { ParameterSet } from '../graph'
import type { DecoderConfig } from '../models/decoder-config'
import { weightBytes, type Model, type Trainable } from '../models/model'
import { checkpointShapes, layerName } from '../models/names'
import { bindWeights, constantWeights, type Weights } from '../models/weights'
import type { Tensors } from '../session'
import { JoinedAdapters } from './joined-adapters'
import { groupsOf, stacked, type Group } from './matrix-groups'

export interface RolloutWeights {
  readonly weights: Weights
  /** What is trained -> the graph's inputs for it: made once a rollout, fed at every run. */
  feed(parameters: ParameterSet): Tensors
}

/**
 * A model's weights as a rollout reads them: every matrix once a token, hundreds of times a rollout. So matrices that
 * read the same input are joined, and so are their adapters. The base stays apart from its adapter, because ONNX Runtime
 * prepares constant matrices once, which it cannot do for those that change.
 *
 * The weights of a model of 1 GiB or more, and those held in 16 or 4 bits, are left alone: they are read where they lie.
 */
export function rolloutWeights(graph: Graph, model: Model, trainable: Trainable): RolloutWeights {
  const { config } = model
  if (trainable.kind === 'full') return fullWeights(graph, config)
  if (staysApart(model)) return weightsAsHeld(graph, model, trainable)
  const base = constantWeights(graph, model)
  const joined: Joined = (layer, group, part) =>
    concat(
      group.map(({ path }) => base.tensor(`${layerName(config, layer, path)}.${part}`)),
      0
    )
  const adapters = trainable.kind === 'lora' ? new JoinedAdapters(graph, config, trainable.lora) : null
  return {
    weights: byGroup(config, base, joined, adapters),
    feed: (parameters) => adapters?.feed((name) => tensorIn(parameters, name)) ?? {}
  }
}

/** Bytes of weights from which a copy for rollouts is one too many. */
const largeFrom = 2 ** 30

/** Whether rollouts read the weights as they are held: the model is large, or not all of it is in float32. */
const staysApart = (model: Model): boolean =>
  model.fourBit !== undefined ||
  weightBytes(model) >= largeFrom ||
  [...model.tensors.values()].some(({ dtype }) => dtype !== 'float32')

function weightsAsHeld(graph: Graph, model: Model, trainable: Trainable): RolloutWeights {
  const { policy, parameters } = bindWeights(graph, model, trainable, false)
  return {
    weights: policy,
    feed: (given) => Object.fromEntries([...parameters.keys()].map((name) => [name, tensorIn(given, name)]))
  }
}

/** The matrices or biases of a group in one tensor. */
type Joined = (layer: number, group: Group, part: 'weight' | 'bias') => Value

/** Every weight as an input: matrices joined by group, the rest under its own name. */
function fullWeights(graph: Graph, config: DecoderConfig): RolloutWeights {
  const shapes = checkpointShapes(config)
  /** Input -> the tensors that stand in it. */
  const members = new Map<string, readonly string[]>()
  const inputs = new Map<string, Value>()
  const declare = (names: readonly string[]): void => {
    const first = shapes.get(names[0]) ?? []
    const rows = names.reduce((sum, name) => sum + (shapes.get(name)?.[0] ?? 0), 0)
    members.set(names[0], names)
    inputs.set(names[0], graph.input(names[0], 'float32', [rows, ...first.slice(1)]))
  }
  for (let layer = 0; layer < config.layers; layer++)
    for (const group of groupsOf(config))
      for (const part of group[0].bias ? ['weight', 'bias'] : ['weight'])
        declare(group.map(({ path }) => `${layerName(config, layer, path)}.${part}`))
  const declared = new Set([...members.values()].flat())
  for (const name of shapes.keys()) if (!declared.has(name)) declare([name])

  const tensor = (name: string): Value => {
    const found = inputs.get(name)
    if (!found) throw new Error(`${name} is no input of a rollout.`)
    return found
  }
  const others: Omit<Weights, 'linear'> = {
    tensor,
    rows: (name, indices) => gather(tensor(name), indices),
    product: (x, name) => matmul(x, tensor(name), { transposeB: true })
  }
  const joined: Joined = (layer, [{ path }], part) => tensor(`${layerName(config, layer, path)}.${part}`)
  return {
    weights: byGroup(config, others, joined, null),
    feed: (parameters) =>
      Object.fromEntries(
        [...members].map(([name, parts]) => [name, stacked(parts.map((part) => tensorIn(parameters, part)))])
      )
  }
}

/** One product for each group of matrices, split into what was asked for. */
function byGroup(
  config: DecoderConfig,
  others: Omit<Weights, 'linear'>,
  joined: Joined,
  adapters: JoinedAdapters | null
): Weights {
  const groups = groupsOf(config)
  const products = new Map<Group, Map<Value, readonly Value[]>>(groups.map((group) => [group, new Map()]))
  const multiply = (x: Value, layer: number, group: Group): readonly Value[] => {
    const [{ transposed, bias }] = group
    const weight = joined(layer, group, 'weight')
    const options = { transposeB: !transposed }
    const plain = bias
      ? matmulAdd(x, weight, joined(layer, group, 'bias'), options)
      : matmul(x, weight, options)
    const whole = adapters ? adapters.add(x, plain, layer, group) : plain
    const sizes = group.map(({ outputs }) => outputs)
    return split(whole, 1, sizes)
  }
  return {
    ...others,
    linear(x, layer, linear) {
      const group = groups.find((members) => members.includes(linear)) ?? [linear]
      const parts = products.get(group)?.get(x) ?? multiply(x, layer, group)
      products.get(group)?.set(x, parts)
      return parts[group.indexOf(linear)]
    }
  }
}

function tensorIn(parameters: ParameterSet, name: string): HostTensor {
  const tensor = parameters.get(name)
  if (!tensor) throw new Error(`The generator was not given ${name}.`)
  return tensor
}
