import type { Shape } from '../graph'
import type { DecoderConfig, Linear, NormKind } from './decoder-config'

/** `model.layers.0.self_attn.q_proj`: what the checkpoint calls a matrix or norm of a layer, without `.weight`. */
export const layerName = ({ names }: DecoderConfig, layer: number, path: string): string =>
  `${names.layers}.${layer}.${path}`

/** What adapters call a matrix: `q_proj`. Two matrices of a layer may share it. */
export const moduleOf = ({ path }: Linear): string => path.slice(path.lastIndexOf('.') + 1)

/** The matrices of a layer that an adapter may change, by the names that adapters use; each once. */
export const loraModules = ({ linears }: DecoderConfig): readonly string[] => [
  ...new Set(linears.map(moduleOf))
]

/** The matrix of this role, or undefined if the family joins it with others. */
export const linearOf = ({ linears }: DecoderConfig, role: Linear['role']): Linear | undefined =>
  linears.find((linear) => linear.role === role)

/** The tensor that turns hidden states into logits. */
export const headWeight = ({ tiedEmbeddings, names }: DecoderConfig): string =>
  `${tiedEmbeddings ? names.embedding : names.head}.weight`

/** Shape of a matrix as the checkpoint holds it. */
const storedShape = ({ outputs, inputs, transposed }: Linear): Shape =>
  transposed ? [inputs, outputs] : [outputs, inputs]

/** Every tensor that a checkpoint of this configuration must hold, with its shape, in a fixed order. */
export function checkpointShapes(config: DecoderConfig): Map<string, Shape> {
  const { names, vocabularySize, hiddenSize, layers, contextLength, norm, headSize } = config
  const shapes = new Map<string, Shape>([[`${names.embedding}.weight`, [vocabularySize, hiddenSize]]])
  if (names.positions) shapes.set(`${names.positions}.weight`, [contextLength, hiddenSize])
  const addNorm = (name: string, size: number): void => {
    for (const part of normParts(norm)) shapes.set(`${name}.${part}`, [size])
  }
  for (let layer = 0; layer < layers; layer++) {
    const named = (path: string): string => layerName(config, layer, path)
    addNorm(named(names.beforeAttention), hiddenSize)
    for (const linear of config.linears) {
      shapes.set(`${named(linear.path)}.weight`, storedShape(linear))
      if (linear.bias) shapes.set(`${named(linear.path)}.bias`, [linear.outputs])
    }
    for (const path of [names.queryNorm, names.keyNorm]) if (path) addNorm(named(path), headSize)
    for (const path of [names.afterAttention, names.beforeFeedForward, names.afterFeedForward])
      if (path) addNorm(named(path), hiddenSize)
  }
  addNorm(names.finalNorm, hiddenSize)
  if (!config.tiedEmbeddings) shapes.set(`${names.head}.weight`, [vocabularySize, hiddenSize])
  return shapes
}

/** A norm's tensors. */
const normParts = (kind: NormKind): readonly string[] => (kind === 'layer' ? ['weight', 'bias'] : ['weight'])
