import { EngineFailure } from '../failure'
import { parseRope, type RopeConfig } from './rope-config'

/** What the engine needs to know of a Llama-family model. Sizes are counts of elements. */
export interface LlamaConfig {
  readonly vocabularySize: number
  readonly hiddenSize: number
  readonly intermediateSize: number
  readonly layers: number
  readonly heads: number
  /** Key and value heads; each serves heads / keyValueHeads query heads. */
  readonly keyValueHeads: number
  readonly headSize: number
  /** Longest sequence the model was made for, in tokens. */
  readonly contextLength: number
  readonly normEpsilon: number
  readonly rope: RopeConfig
  /** The output matrix is the embedding. */
  readonly tiedEmbeddings: boolean
  readonly dtype: string
  /** Token ids; a model may have several end tokens, or none. */
  readonly beginToken: number | null
  readonly endTokens: readonly number[]
}

type Json = Readonly<Record<string, unknown>>

/**
 * Reads a Hugging Face `config.json`, as Transformers 4 or 5 writes it.
 * Throws EngineFailure `architecture-unsupported` for anything that the engine would compute wrongly.
 */
export function parseLlamaConfig(json: unknown): LlamaConfig {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new EngineFailure(
      'architecture-unsupported',
      'config.json holds no object; a Llama-family configuration is needed.'
    )
  const config = json as Json
  requireLlama(config)

  const hiddenSize = size(config, 'hidden_size')
  const heads = size(config, 'num_attention_heads')
  const keyValueHeads = optionalSize(config, 'num_key_value_heads') ?? heads
  const headSize = optionalSize(config, 'head_dim') ?? hiddenSize / heads
  if (!Number.isInteger(headSize) || headSize % 2 !== 0)
    unsupported(`a head size of ${headSize}; it must be an even whole number`)
  if (heads % keyValueHeads !== 0)
    unsupported(
      `${heads} heads over ${keyValueHeads} key-value heads; the first must be a multiple of the second`
    )

  return {
    vocabularySize: size(config, 'vocab_size'),
    hiddenSize,
    intermediateSize: size(config, 'intermediate_size'),
    layers: size(config, 'num_hidden_layers'),
    heads,
    keyValueHeads,
    headSize,
    contextLength: optionalSize(config, 'max_position_embeddings') ?? 2048,
    normEpsilon: optionalNumber(config, 'rms_norm_eps') ?? 1e-6,
    rope: parseRope(config),
    tiedEmbeddings: config.tie_word_embeddings === true,
    dtype: textOf(config.dtype) ?? textOf(config.torch_dtype) ?? 'float32',
    beginToken: tokens(config.bos_token_id)[0] ?? null,
    endTokens: tokens(config.eos_token_id)
  }
}

function requireLlama(config: Json): void {
  if (config.model_type !== 'llama')
    unsupported(`the model type ${JSON.stringify(config.model_type ?? null)}`)
  const architectures = config.architectures ?? ['LlamaForCausalLM']
  if (!Array.isArray(architectures) || !architectures.includes('LlamaForCausalLM'))
    unsupported(`the architecture ${JSON.stringify(architectures)}`)
  if ((config.hidden_act ?? 'silu') !== 'silu')
    unsupported(`the activation ${JSON.stringify(config.hidden_act)}`)
  for (const bias of ['attention_bias', 'mlp_bias']) if (config[bias] === true) unsupported(`${bias} = true`)
  if (config.quantization_config) unsupported('quantised weights')
  if ((config.pretraining_tp ?? 1) !== 1)
    unsupported(`pretraining_tp = ${JSON.stringify(config.pretraining_tp)}`)
}

function unsupported(what: string): never {
  throw new EngineFailure(
    'architecture-unsupported',
    `config.json asks for ${what}; the engine supports LlamaForCausalLM with SiLU, no biases and rotary positions.`
  )
}

function size(config: Json, key: string): number {
  return optionalSize(config, key) ?? unsupported(`no ${key}, which has to be given`)
}

function optionalSize(config: Json, key: string): number | undefined {
  const value = optionalNumber(config, key)
  if (value !== undefined && (!Number.isInteger(value) || value < 1 || value > 1e9))
    unsupported(`${key} = ${value}, which has to be a whole number above 0`)
  return value
}

function optionalNumber(config: Json, key: string): number | undefined {
  const value = config[key]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0)
    unsupported(`${key} = ${JSON.stringify(value)}, which has to be a number above 0`)
  return value
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

function tokens(value: unknown): readonly number[] {
  const list: unknown[] = Array.isArray(value) ? value : [value]
  return list.filter((token): token is number => Number.isInteger(token) && (token as number) >= 0)
}
