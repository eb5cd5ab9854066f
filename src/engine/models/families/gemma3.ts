import type { LayerAttention, RopeConfig } from '../decoder-config'
import { activationAt, llamaLike, windowed } from './common'
import type { Family } from './family'
import type { Fields } from './fields'
import { llamaLinears, llamaNames } from './llama-layout'
import { objectAt, parseRope, ropeFrom } from './rope-config'

/** Layers that look near, with a rotation of their own, between layers that see everything. Source: Gemma 3 report. */
export const gemma3: Family = {
  modelType: 'gemma3_text',
  architecture: 'Gemma3ForCausalLM',
  models: 'Gemma 3, text',
  parse(fields) {
    fields.only('attn_logit_softcapping', null)
    fields.only('use_bidirectional_attention', false)
    fields.size('head_dim')
    const ropes = ropesOf(fields)
    const config = llamaLike(fields, { rope: ropes.full, share: 1 })
    const bias = fields.flag('attention_bias', false)
    const scalar = fields.optionalNumber('query_pre_attn_scalar') ?? 256
    const everything: LayerAttention = {
      window: null,
      rope: ropes.full,
      queryScale: Math.sqrt(config.headSize / scalar)
    }
    const window = fields.optionalSize('sliding_window') ?? 4096
    const every = fields.optionalSize('sliding_window_pattern') ?? 6
    return {
      ...config,
      architecture: this.architecture,
      contextLength: fields.optionalSize('max_position_embeddings') ?? 131_072,
      norm: 'rms-plus-one',
      activation: activationAt(fields, 'hidden_activation', 'gelu_pytorch_tanh'),
      embeddingScale: roundedTo(config.dtype, Math.sqrt(config.hiddenSize)),
      attention: windowed(
        fields,
        config.layers,
        everything,
        { ...everything, window, rope: ropes.sliding },
        (layer) => (layer + 1) % every !== 0
      ),
      logitCap: fields.optionalNumber('final_logit_softcapping') ?? null,
      tiedEmbeddings: fields.flag('tie_word_embeddings', true),
      names: {
        ...llamaNames,
        queryNorm: 'self_attn.q_norm',
        keyNorm: 'self_attn.k_norm',
        afterAttention: 'post_attention_layernorm',
        beforeFeedForward: 'pre_feedforward_layernorm',
        afterFeedForward: 'post_feedforward_layernorm'
      },
      linears: llamaLinears(config, { attention: bias, attended: bias })
    }
  }
}

/** The models were trained with the scale in the number format of their weights. */
function roundedTo(dtype: string, scale: number): number {
  const fractionBits = dtype === 'bfloat16' ? 7 : dtype === 'float16' ? 10 : 23
  const step = 2 ** (Math.floor(Math.log2(scale)) - fractionBits)
  return Math.round(scale / step) * step
}

/** Transformers 5 gives each kind of layer its own settings; before, the near layers had one field at the top. */
function ropesOf(fields: Fields): { readonly full: RopeConfig; readonly sliding: RopeConfig } {
  const { full_attention: full, sliding_attention: sliding, ...others } = objectAt(fields, 'rope_parameters')
  if (full === undefined && sliding === undefined) {
    const theta = fields.optionalNumber('rope_local_base_freq') ?? 10_000
    const parsed = parseRope(fields, { defaultTheta: 1e6, others: ['rope_local_base_freq'] })
    return { full: parsed.rope, sliding: { type: 'default', theta } }
  }
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) fields.unsupported(`the rope field ${JSON.stringify(unknown)}`)
  return { full: ropeFrom(fields, full), sliding: ropeFrom(fields, sliding) }
}
