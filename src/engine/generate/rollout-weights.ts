import { concat, matmul, matmulAdd, split, type Graph, type Value } from '../graph'
import { loraScale, type Model, type Trainable } from '../models/model'
import { loraModules, moduleName, moduleShape, type LoraModule } from '../models/names'
import { loraName } from '../models/parameters'
import { bindWeights, type Weights } from '../models/weights'

/** Matrices that read the same input: one product for all of a group is faster than one for each. */
const groups: readonly (readonly LoraModule[])[] = [
  ['q_proj', 'k_proj', 'v_proj'],
  ['o_proj'],
  ['gate_proj', 'up_proj'],
  ['down_proj']
]

/**
 * A model's weights as a rollout reads them: every matrix once per token, hundreds of times a run. So what does not
 * depend on the token is done before the first: an adapter is added to its matrices, W + `loraScale` · B·A, and
 * matrices that read the same input are joined. What is trained comes in as inputs of `graph`, under its own names.
 *
 * A large model's adapter is better left apart (`merge` false): the merged copy takes memory, and ONNX Runtime prepares
 * constant matrices once, which it cannot do for computed ones.
 */
export function rolloutWeights(graph: Graph, model: Model, trainable: Trainable, merge: boolean): Weights {
  const { policy, parameters } = bindWeights(graph, model, trainable, false)
  if (trainable.kind === 'lora' && !merge) return policy
  const { config } = model

  const merged = (layer: number, module: LoraModule): Value => {
    const weight = policy.tensor(`${moduleName(layer, module)}.weight`)
    const a = parameters.get(loraName(layer, module, 'A'))
    const b = parameters.get(loraName(layer, module, 'B'))
    if (trainable.kind !== 'lora' || !a || !b) return weight
    return matmulAdd(b, a, weight, { scale: loraScale(trainable.lora) })
  }
  const joined = new Map<string, Value>()
  for (let layer = 0; layer < config.layers; layer++) {
    for (const group of groups) {
      joined.set(
        `${layer} ${group[0]}`,
        concat(
          group.map((module) => merged(layer, module)),
          0
        )
      ) // [outputs, inputs]
    }
  }
  // The parts of a group's product, until all of them have been asked for.
  const products = new Map<Value, readonly Value[]>()
  return {
    tensor: policy.tensor,
    linear(x, layer, module) {
      const group = groups.find((members) => members.includes(module)) ?? loraModules
      const parts = products.get(x) ?? multiplyGroup(x, joined.get(`${layer} ${group[0]}`) as Value, group)
      products.set(x, parts)
      return parts[group.indexOf(module)]
    }
  }

  function multiplyGroup(x: Value, weight: Value, group: readonly LoraModule[]): readonly Value[] {
    const outputs = group.map((module) => moduleShape(config, module)[0])
    return split(matmul(x, weight, { transposeB: true }), 1, outputs)
  }
}
