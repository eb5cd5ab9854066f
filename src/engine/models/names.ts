import type { Shape } from '../graph'
import type { LlamaConfig } from './llama-config'

/** The seven matrices of a layer that an adapter may change. */
export const loraModules = [
  'q_proj',
  'k_proj',
  'v_proj',
  'o_proj',
  'gate_proj',
  'up_proj',
  'down_proj'
] as const

export type LoraModule = (typeof loraModules)[number]

export const embeddingName = 'model.embed_tokens.weight'
export const headName = 'lm_head.weight'
export const finalNormName = 'model.norm.weight'

const attentionModules: readonly string[] = ['q_proj', 'k_proj', 'v_proj', 'o_proj']

/** `model.layers.0.self_attn.q_proj`: what the checkpoint calls a matrix, without `.weight`. */
export const moduleName = (layer: number, module: LoraModule): string =>
  `model.layers.${layer}.${attentionModules.includes(module) ? 'self_attn' : 'mlp'}.${module}`

export const normName = (layer: number, place: 'input' | 'post_attention'): string =>
  `model.layers.${layer}.${place}_layernorm.weight`

/** Rows (outputs) and columns (inputs) of a layer's matrix. */
export function moduleShape(config: LlamaConfig, module: LoraModule): readonly [number, number] {
  const { hiddenSize, intermediateSize, heads, keyValueHeads, headSize } = config
  switch (module) {
    case 'q_proj':
      return [heads * headSize, hiddenSize]
    case 'k_proj':
    case 'v_proj':
      return [keyValueHeads * headSize, hiddenSize]
    case 'o_proj':
      return [hiddenSize, heads * headSize]
    case 'gate_proj':
    case 'up_proj':
      return [intermediateSize, hiddenSize]
    case 'down_proj':
      return [hiddenSize, intermediateSize]
  }
}

/** Every tensor that a checkpoint of this configuration must hold, with its shape, in a fixed order. */
export function checkpointShapes(config: LlamaConfig): Map<string, Shape> {
  const { vocabularySize, hiddenSize, layers } = config
  const shapes = new Map<string, Shape>([[embeddingName, [vocabularySize, hiddenSize]]])
  for (let layer = 0; layer < layers; layer++) {
    shapes.set(normName(layer, 'input'), [hiddenSize])
    for (const module of loraModules)
      shapes.set(`${moduleName(layer, module)}.weight`, moduleShape(config, module))
    shapes.set(normName(layer, 'post_attention'), [hiddenSize])
  }
  shapes.set(finalNormName, [hiddenSize])
  if (!config.tiedEmbeddings) shapes.set(headName, [vocabularySize, hiddenSize])
  return shapes
}
