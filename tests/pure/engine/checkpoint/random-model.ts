import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeSafetensors } from '../../../../src/engine/checkpoint/safetensors'
import type { HostTensor } from '../../../../src/engine/graph/tensor'
import { parseConfig } from '../../../../src/engine/models/families'
import type { Model } from '../../../../src/engine/models/model'
import { checkpointShapes } from '../../../../src/engine/models/names'

/** Pseudo-random numbers in [0, 1) for tests: 24 bits of a linear congruential generator. */
export function numbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state >>> 8) / 2 ** 24
  }
}

export const uniformNumbers = (count: number, seed: number): Float32Array =>
  Float32Array.from({ length: count }, numbers(seed))

/** Sizes and settings of a model made by `randomModel`; several are odd. */
const settings = {
  vocabularySize: 37,
  hiddenSize: 24,
  intermediateSize: 20,
  layers: 2,
  heads: 6,
  keyValueHeads: 2,
  headSize: 4,
  contextLength: 64,
  normEpsilon: 1e-5,
  tiedEmbeddings: false,
  dtype: 'float32',
  beginToken: 1 as number | null,
  endTokens: [2] as readonly number[]
}
type Settings = typeof settings

/** A small Llama of random weights, its head its own unless `change` says otherwise. */
export function randomModel(change: Partial<Settings> = {}, seed = 1): Model {
  const config = parseConfig(configJson({ ...settings, ...change }))
  const next = numbers(seed)
  const tensors = [...checkpointShapes(config)].map(([name, shape]) => {
    const size = shape.reduce((product, extent) => product * extent, 1)
    const isNorm = name.includes('norm')
    const data = Float32Array.from({ length: size }, () => (isNorm ? 0.5 + next() : (next() - 0.5) * 1.2))
    return [name, { dtype: 'float32' as const, shape, data }] as const
  })
  return { config, tensors: new Map(tensors) }
}

/** `config.json` of a model made by `randomModel`, in the spelling of Transformers 4. */
export const configJson = (config: Settings): Record<string, unknown> => ({
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: config.vocabularySize,
  hidden_size: config.hiddenSize,
  intermediate_size: config.intermediateSize,
  num_hidden_layers: config.layers,
  num_attention_heads: config.heads,
  num_key_value_heads: config.keyValueHeads,
  head_dim: config.headSize,
  max_position_embeddings: config.contextLength,
  rms_norm_eps: config.normEpsilon,
  rope_theta: 10_000,
  tie_word_embeddings: config.tiedEmbeddings,
  torch_dtype: config.dtype,
  bos_token_id: config.beginToken,
  eos_token_id: config.endTokens
})

/** Writes a model in Hugging Face layout, with changes to its configuration and tensors. */
export function writeModelFolder(
  dir: string,
  { config, tensors }: Model,
  change: { config?: Record<string, unknown>; tensors?: (tensors: Map<string, HostTensor>) => void } = {}
): string {
  mkdirSync(dir, { recursive: true })
  const changed = new Map(tensors)
  change.tensors?.(changed)
  writeFileSync(join(dir, 'config.json'), JSON.stringify({ ...configJson(config), ...change.config }))
  writeFileSync(join(dir, 'model.safetensors'), Buffer.concat(encodeSafetensors(changed)))
  return dir
}
