import type { Activation, DecoderConfig, LayerAttention } from '../decoder-config'
import type { Fields } from './fields'
import type { LayerSizes } from './llama-layout'
import { parseRope, type ParsedRope } from './rope-config'

/** More layers than any model has; a list is kept of them. */
const mostLayers = 10_000

export function layerCount(fields: Fields, key: string): number {
  const layers = fields.size(key)
  if (layers > mostLayers) fields.unsupported(`${key} = ${layers}, which is more than ${mostLayers}`)
  return layers
}

/** Hidden size, heads and their size, in the spelling of Llama. */
function layerSizes(fields: Fields): LayerSizes {
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

/** How many elements of a head are rotated. */
export function rotarySize(fields: Fields, headSize: number, share: number): number {
  const size = Math.floor(headSize * share)
  if (size < 2 || size % 2 !== 0)
    fields.unsupported(`a rotation of ${size} elements of each head; it must be an even whole number`)
  return size
}

/** What a family does not take over from Llama. */
type FromFamily = 'architecture' | 'names' | 'linears'
export type CommonConfig = Omit<DecoderConfig, FromFamily>

/**
 * Everything that Llama's config.json says in the way that most families after it do, with what Llama computes.
 * Families change what is theirs.
 */
export function llamaLike(fields: Fields, { rope, share }: ParsedRope = parseRope(fields)): CommonConfig {
  fields.only('pretraining_tp', 1)
  const sizes = layerSizes(fields)
  const layers = layerCount(fields, 'num_hidden_layers')
  return {
    ...sizes,
    ...tokensAndType(fields),
    vocabularySize: fields.size('vocab_size'),
    layers,
    contextLength: fields.optionalSize('max_position_embeddings') ?? 2048,
    norm: 'rms',
    normEpsilon: fields.optionalNumber('rms_norm_eps') ?? 1e-6,
    activation: activationAt(fields, 'hidden_act', 'silu'),
    residual: 'sequential',
    embeddingScale: 1,
    rope,
    rotarySize: rotarySize(fields, sizes.headSize, share),
    attention: alike(layers, { window: null, rope, queryScale: 1 }),
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

/** Hugging Face's names of activations that the engine computes. */
const activations: Readonly<Record<string, Activation>> = {
  silu: 'silu',
  swish: 'silu',
  gelu: 'gelu',
  gelu_new: 'gelu-tanh',
  gelu_pytorch_tanh: 'gelu-tanh',
  gelu_fast: 'gelu-tanh'
}

export function activationAt(fields: Fields, key: string, otherwise: string): Activation {
  const name = fields.json[key] ?? otherwise
  return typeof name === 'string' && Object.hasOwn(activations, name)
    ? activations[name]
    : fields.unsupported(
        `${key} = ${JSON.stringify(name)}`,
        `the activations ${Object.keys(activations).join(', ')}`
      )
}

/** The same attention in every layer. */
export const alike = (layers: number, attention: LayerAttention): readonly LayerAttention[] =>
  Array.from({ length: layers }, () => attention)

/**
 * Layers of which some look `near`: those that `layer_types` calls sliding, or without it those that `hasWindow` says.
 */
export function windowed(
  fields: Fields,
  layers: number,
  everything: LayerAttention,
  near: LayerAttention,
  hasWindow: (layer: number) => boolean
): readonly LayerAttention[] {
  const types = fields.json.layer_types ?? null
  const kinds =
    types === null
      ? Array.from({ length: layers }, (_, layer) => (hasWindow(layer) ? sliding : full))
      : (types as unknown)
  if (!Array.isArray(kinds) || kinds.length !== layers)
    return fields.unsupported(`layer_types that are no list of ${layers}`)
  return kinds.map((kind: unknown) => {
    if (kind === full) return everything
    if (kind !== sliding) return fields.unsupported(`the layer type ${JSON.stringify(kind)}`)
    return near.window === null ? fields.unsupported('a sliding window without its size') : near
  })
}
const full = 'full_attention'
const sliding = 'sliding_attention'
