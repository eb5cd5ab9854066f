import type { Shape } from '../graph/tensor'
import type { LlamaConfig } from './llama-config'

/** The linear maps of a layer, by Hugging Face name. */
export const linearModules = [
  'q_proj',
  'k_proj',
  'v_proj',
  'o_proj',
  'gate_proj',
  'up_proj',
  'down_proj'
] as const
export type LinearModule = (typeof linearModules)[number]

const attention: ReadonlySet<LinearModule> = new Set(['q_proj', 'k_proj', 'v_proj', 'o_proj'])

/** `model.layers.3.self_attn.q_proj`: the name without `.weight`. */
export const linearName = (layer: number, module: LinearModule): string =>
  `model.layers.${layer}.${attention.has(module) ? 'self_attn' : 'mlp'}.${module}`

/** [out, in], as Hugging Face stores the weight of a linear map. */
export function linearShape(config: LlamaConfig, module: LinearModule): readonly [number, number] {
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

/**
 * Every tensor of a model, by Hugging Face name, with its shape. Made one at a time, so that a configuration that
 * claims a billion layers costs nothing until its first tensor is found missing.
 */
export function* llamaTensors(config: LlamaConfig): Generator<readonly [name: string, shape: Shape]> {
  const { vocabularySize, hiddenSize, layers, tiedEmbeddings } = config
  yield ['model.embed_tokens.weight', [vocabularySize, hiddenSize]]
  for (let layer = 0; layer < layers; layer++) {
    yield [`model.layers.${layer}.input_layernorm.weight`, [hiddenSize]]
    yield [`model.layers.${layer}.post_attention_layernorm.weight`, [hiddenSize]]
    for (const module of linearModules)
      yield [`${linearName(layer, module)}.weight`, linearShape(config, module)]
  }
  yield ['model.norm.weight', [hiddenSize]]
  if (!tiedEmbeddings) yield ['lm_head.weight', [vocabularySize, hiddenSize]]
}
