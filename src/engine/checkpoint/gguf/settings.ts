import { EngineFailure } from '../../failure'
import type { DecoderConfig, Linear, RopeConfig } from '../../models/decoder-config'
import { inverseFrequencies } from '../../models/rope'
import { ggufArchitecture } from './layout'
import type { GgufTensorType } from './tensor-types'
import { float32, string, uint32, type GgufMetadata, type GgufValue } from './values'

/** `general.file_type`: what most tensors are. */
const fileTypes: Readonly<Record<GgufTensorType, number>> = { F32: 0, F16: 1, Q8_0: 7 }
/** Of ggml's quantised types. */
const quantisationVersion = 2

/** The model's metadata but for its tokenizer. Throws `architecture-unsupported` for what llama.cpp would compute otherwise. */
export function ggufSettings(config: DecoderConfig, name: string, type: GgufTensorType): GgufMetadata {
  const architecture = ggufArchitecture(config)
  const rope = plainRope(config)
  const own: [string, GgufValue][] = [
    ['context_length', uint32(contextLength(config))],
    ['embedding_length', uint32(config.hiddenSize)],
    ['block_count', uint32(config.layers)],
    ['feed_forward_length', uint32(config.intermediateSize)],
    ['attention.head_count', uint32(config.heads)],
    ['attention.head_count_kv', uint32(config.keyValueHeads)],
    ['attention.key_length', uint32(config.headSize)],
    ['attention.value_length', uint32(config.headSize)],
    ['attention.layer_norm_rms_epsilon', float32(config.normEpsilon)],
    ['vocab_size', uint32(config.vocabularySize)],
    ['rope.dimension_count', uint32(config.headSize)],
    ['rope.freq_base', float32(rope.theta)],
    ...(rope.type === 'linear' ? linearScaling(rope.factor) : [])
  ]
  return new Map<string, GgufValue>([
    ['general.architecture', string(architecture)],
    ['general.type', string('model')],
    ['general.name', string(name)],
    ['general.file_type', uint32(fileTypes[type])],
    ['general.quantization_version', uint32(quantisationVersion)],
    ...own.map(([key, value]): [string, GgufValue] => [`${architecture}.${key}`, value])
  ])
}

const linearScaling = (factor: number): [string, GgufValue][] => [
  ['rope.scaling.type', string('linear')],
  ['rope.scaling.factor', float32(factor)]
]

/**
 * Llama 3.1's scaling as GGUF has it: a tensor `rope_freqs.weight` of what each pair's frequency is divided by
 * [headSize / 2]. Null for models without it.
 */
export function ropeFactors(config: DecoderConfig): Float32Array | null {
  const { rope, headSize } = config
  if (rope?.type !== 'llama3') return null
  const plain = inverseFrequencies({ type: 'default', theta: rope.theta }, headSize)
  const scaled = inverseFrequencies(rope, headSize)
  return Float32Array.from(plain, (frequency, pair) => frequency / scaled[pair])
}

/** llama.cpp's graph of these architectures looks at everything before a token, so the context ends with the window. */
const contextLength = ({ attention, contextLength }: DecoderConfig): number =>
  attention.reduce((least, { window }) => Math.min(least, window ?? least), contextLength)

/** The matrices with a bias that llama.cpp's graph has; that of `llama` takes any. */
const biases: Readonly<Record<string, readonly Linear['role'][]>> = {
  qwen2: ['query', 'key', 'value'],
  qwen3: []
}

/** One rotation for all layers and all of a head, and the features that the formats' own graphs have. */
function plainRope(config: DecoderConfig): RopeConfig {
  const { architecture, rope, attention, rotarySize, headSize } = config
  const unsupported = (what: string): never => {
    throw new EngineFailure(
      'architecture-unsupported',
      `${architecture} with ${what} cannot be exported to GGUF.`
    )
  }
  if (rope === null || attention.some((layer) => JSON.stringify(layer.rope) !== JSON.stringify(rope)))
    return unsupported('layers that rotate differently')
  if (rotarySize !== headSize) unsupported('heads that are rotated in part')
  if (rope.type === 'llama3' && ggufArchitecture(config) !== 'llama')
    unsupported('rope scaling of type llama3')
  const { norm, activation, residual, embeddingScale, logitCap } = config
  const scaled = attention.some(({ queryScale }) => queryScale !== 1)
  const plain = norm === 'rms' && activation === 'silu' && residual === 'sequential' && logitCap === null
  if (!plain || scaled || embeddingScale !== 1) unsupported('features that llama.cpp does not expect')
  const biased = config.linears.filter(({ bias }) => bias).map(({ role }) => role)
  const expected = biases[ggufArchitecture(config)]
  if (expected && expected.join() !== biased.join())
    unsupported(`biases of ${biased.join(', ') || 'nothing'}`)
  return rope
}
