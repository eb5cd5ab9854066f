import type { DecoderConfig } from '../decoder-config'
import type { Fields } from './fields'
import { parseRope } from './rope-config'
import type { LayerSizes } from './llama-layout'

/** More layers than any model has; a list is kept of them. */
const mostLayers = 10_000

export function layerCount(fields: Fields, key: string): number {
  const layers = fields.size(key)
  if (layers > mostLayers) fields.unsupported(`${key} = ${layers}, which is more than ${mostLayers}`)
  return layers
}

/** Hidden size, heads and their size, in the spelling of Llama. */
export function layerSizes(fields: Fields): LayerSizes {
  const hiddenSize = fields.size('hidden_size')
  const heads = fields.size('num_attention_heads')
  const keyValueHeads = fields.optionalSize('num_key_value_heads') ?? heads
  const headSize = fields.optionalSize('head_dim') ?? hiddenSize / heads
  if (!Number.isInteger(headSize) || headSize % 2 !== 0)
    fields.unsupported(`a head size of ${headSize}; it must be an even whole number`)
  if (heads % keyValueHeads !== 0)
    fields.unsupported(
      `${heads} heads over ${keyValueHeads} key-value heads; the first must be a multiple of the second`
    )
  return { hiddenSize, heads, keyValueHeads, headSize, intermediateSize: fields.size('intermediate_size') }
}

type FromFamily = 'architecture' | 'names' | 'linears'

/**
 * Everything that Llama's config.json says in the way that most families after it do, with what Llama computes.
 * Families change what is theirs.
 */
export function llamaLike(fields: Fields): Omit<DecoderConfig, FromFamily> {
  fields.only('pretraining_tp', 1)
  const sizes = layerSizes(fields)
  const layers = layerCount(fields, 'num_hidden_layers')
  const rope = parseRope(fields)
  return {
    ...sizes,
    ...tokensAndType(fields),
    vocabularySize: fields.size('vocab_size'),
    layers,
    contextLength: fields.optionalSize('max_position_embeddings') ?? 2048,
    norm: 'rms',
    normEpsilon: fields.optionalNumber('rms_norm_eps') ?? 1e-6,
    activation: 'silu',
    residual: 'sequential',
    embeddingScale: 1,
    queryScale: 1,
    rope,
    rotarySize: sizes.headSize,
    attention: Array.from({ length: layers }, () => ({ window: null, rope })),
    logitCap: null,
    tiedEmbeddings: fields.flag('tie_word_embeddings', false)
  }
}

/** What every family spells alike. */
export const tokensAndType = (fields: Fields): Pick<DecoderConfig, 'dtype' | 'beginToken' | 'endTokens'> => ({
  dtype: fields.text('dtype') ?? fields.text('torch_dtype') ?? 'float32',
  beginToken: fields.tokens('bos_token_id')[0] ?? null,
  endTokens: fields.tokens('eos_token_id')
})
