import { elementCount, float32, type HostTensor } from '../../src/engine/graph'
import { parseConfig } from '../../src/engine/models/families'
import { loraModules, checkpointShapes } from '../../src/engine/models/names'
import type { Model, Trainable } from '../../src/engine/models/model'
import { fullParameters, loraParameters, valueHeadParameters } from '../../src/engine/models/parameters'
import type { ParameterSet } from '../../src/engine/graph'
import type { PpoBatch } from '../../src/engine/rl/ppo-step'

/** The models that the prototype was measured with: 6.5 M parameters trained in full, 88 M frozen under an adapter. */
export const sizes = {
  m6: { vocabulary: 8192, hidden: 256, layers: 6, heads: 8, groups: 4, inner: 704, kind: 'full' },
  m88: { vocabulary: 16384, hidden: 768, layers: 12, heads: 12, groups: 4, inner: 2048, kind: 'lora' }
} as const

export type SizeName = keyof typeof sizes

export const isSize = (name: string): name is SizeName => name in sizes

/** A shape of batch on one of the models. */
export interface Case {
  readonly size: SizeName
  readonly batch: number
  readonly length: number
}

export const caseName = ({ size, batch, length }: Case): string => `${size} B${batch}×T${length}`

/** `m6:8x128` */
export function parseCase(text: string): Case {
  const match = /^(\w+):(\d+)x(\d+)$/.exec(text)
  if (!match || !isSize(match[1])) throw new Error(`${text} is no case; m6:8x128 is one.`)
  return { size: match[1], batch: Number(match[2]), length: Number(match[3]) }
}

const deviation = 0.02

/** Uniform numbers in [0, 1): the product's generator would take ten seconds for 88 million of them (Steele's mulberry32). */
function quickUniform(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let word = Math.imul(state ^ (state >>> 15), state | 1)
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61)
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Random weights of a model, what is trained of it, and where that starts. */
export function randomModel(size: SizeName): {
  model: Model
  trainable: Trainable
  parameters: ParameterSet
} {
  const { vocabulary, hidden, layers, heads, groups, inner, kind } = sizes[size]
  const config = parseConfig({
    model_type: 'llama',
    vocab_size: vocabulary,
    hidden_size: hidden,
    intermediate_size: inner,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: groups,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: true
  })
  const draw = quickUniform(7)
  const uniform = (): number => (draw() - 0.5) * Math.sqrt(12) * deviation
  const tensors = new Map<string, HostTensor>()
  for (const [name, shape] of checkpointShapes(config)) {
    const data = new Float32Array(elementCount(shape))
    if (name.endsWith('norm.weight')) data.fill(1)
    else for (let i = 0; i < data.length; i++) data[i] = uniform()
    tensors.set(name, float32(shape, data))
  }
  const model: Model = { config, tensors }
  const value = valueHeadParameters(config)
  if (kind === 'full')
    return { model, trainable: { kind }, parameters: new Map([...fullParameters(model), ...value]) }
  const lora = { rank: 16, alpha: 32, modules: loraModules(config) }
  return {
    model,
    trainable: { kind, lora },
    parameters: new Map([...loraParameters(config, lora, () => (draw() - 0.5) * Math.sqrt(12)), ...value])
  }
}

/**
 * A batch as rollouts have it and the prototype draws it: every row has up to a fifth of padding; the first 30 % of the
 * rest is the prompt, what follows is the response. (The prototype pads on the left, we on the right.)
 */
export function randomBatch({ size, batch, length }: Case): PpoBatch & { readonly responseTokens: number } {
  const draw = quickUniform(5)
  const count = batch * length
  const perToken = (make: () => number): Float32Array => Float32Array.from({ length: count }, make)
  const mask = new Float32Array(count)
  for (let row = 0; row < batch; row++) {
    const padding = Math.floor(draw() * length * 0.2)
    const prompt = Math.floor((length - padding) * 0.3)
    mask.fill(1, row * length + prompt, (row + 1) * length - padding - 1)
  }
  const certainty = -Math.log(sizes[size].vocabulary)
  return {
    ids: BigInt64Array.from({ length: count }, () => BigInt(Math.floor(draw() * sizes[size].vocabulary))),
    mask,
    responseTokens: mask.reduce((total, kept) => total + kept, 0),
    oldLogProbs: perToken(() => certainty + (draw() - 0.5) * 0.6),
    advantages: perToken(() => draw() * 2 - 1),
    returns: perToken(() => draw() - 0.5),
    oldValues: perToken(() => (draw() - 0.5) * 0.5),
    temperature: 1
  }
}
