import { float32, scalar, type Graph, type HostTensor, type ParameterSet } from '../../../../src/engine/graph'
import type { Model, Trainable } from '../../../../src/engine/models/model'
import { neededTokens } from '../../../../src/engine/models/token-rows'
import type { Loss } from '../../../../src/engine/rl/loss'
import { supervisedLoss } from '../../../../src/engine/rl/supervised-loss'
import type { Tensors } from '../../../../src/engine/session'

/** The mean of -log p(next token) over every position of ids int64 [batch, length] that has one. */
export function everyTokenLoss(
  model: Model,
  trainable: Trainable,
  ids: HostTensor,
  parameters: ParameterSet
): { readonly build: (graph: Graph) => Loss; readonly inputs: Tensors } {
  const [batch, length] = ids.shape
  const share = 1 / (batch * (length - 1))
  return {
    build: (graph) => supervisedLoss(graph, { model, trainable, batch, length }),
    inputs: {
      ...Object.fromEntries(parameters),
      ids,
      ...neededTokens(batch, length),
      inverseTemperature: scalar(1),
      shares: float32(ids.shape, new Float32Array(batch * length).fill(share))
    }
  }
}
