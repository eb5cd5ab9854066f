import { elementCount, float32, type HostTensor, type ParameterSet } from '../../src/engine/graph'
import type { DecoderConfig } from '../../src/engine/models/decoder-config'
import { parseConfig } from '../../src/engine/models/families'
import type { Model, Trainable } from '../../src/engine/models/model'
import { checkpointShapes, loraModules } from '../../src/engine/models/names'
import { fullParameters, loraParameters, valueHeadParameters } from '../../src/engine/models/parameters'

/** The shapes that are measured; the prototype knows m6 (6.5 M parameters) and m88 (88 M). */
export const sizes = {
  stories260K: { vocabulary: 512, hidden: 64, layers: 5, heads: 8, groups: 4, inner: 172 },
  m6: { vocabulary: 8192, hidden: 256, layers: 6, heads: 8, groups: 4, inner: 704 },
  m88: { vocabulary: 16384, hidden: 768, layers: 12, heads: 12, groups: 4, inner: 2048 }
} as const

export type SizeName = keyof typeof sizes

export const isSize = (name: string): name is SizeName => Object.hasOwn(sizes, name)

/** What of a model the bench trains, as the prototype does. */
export const kindOf = (size: SizeName): 'lora' | 'full' => (size === 'm88' ? 'lora' : 'full')

/** A Llama of that shape which never ends a text. */
export function configOf(size: SizeName): DecoderConfig {
  const { vocabulary, hidden, layers, heads, groups, inner } = sizes[size]
  return parseConfig({
    model_type: 'llama',
    vocab_size: vocabulary,
    hidden_size: hidden,
    intermediate_size: inner,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: groups,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: true,
    eos_token_id: null
  })
}

/** What is trained of a model: all of it, or an adapter of rank 16 on all matrices. */
export const trainableOf = (config: DecoderConfig, kind: Trainable['kind']): Trainable =>
  kind === 'lora' ? { kind, lora: { rank: 16, alpha: 32, modules: loraModules(config) } } : { kind }

const deviation = 0.02

/** Uniform numbers in [0, 1): the product's generator would take ten seconds for 88 million of them (Steele's mulberry32). */
export function quickUniform(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let word = Math.imul(state ^ (state >>> 15), state | 1)
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61)
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Random weights of a model, what is trained of it with a value head, and where that starts. */
export function randomModel(size: SizeName): {
  model: Model
  trainable: Trainable
  parameters: ParameterSet
} {
  const config = configOf(size)
  const draw = quickUniform(7)
  const uniform = (): number => (draw() - 0.5) * Math.sqrt(12)
  const tensors = new Map<string, HostTensor>()
  for (const [name, shape] of checkpointShapes(config)) {
    const data = new Float32Array(elementCount(shape))
    if (name.endsWith('norm.weight')) data.fill(1)
    else for (let i = 0; i < data.length; i++) data[i] = uniform() * deviation
    tensors.set(name, float32(shape, data))
  }
  const model: Model = { config, tensors }
  const trainable = trainableOf(config, kindOf(size))
  const trained =
    trainable.kind === 'lora' ? loraParameters(config, trainable.lora, uniform) : fullParameters(model)
  return { model, trainable, parameters: new Map([...trained, ...valueHeadParameters(config)]) }
}
