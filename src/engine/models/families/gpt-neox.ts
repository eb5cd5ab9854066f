import type { Linear, TensorNames } from '../decoder-config'
import { activationAt, llamaLike } from './common'
import type { Family } from './family'
import { parseRope } from './rope-config'

/** Source: Black et al., GPT-NeoX-20B. Pythia has its form. */
export const gptNeox: Family = {
  modelType: 'gpt_neox',
  architecture: 'GPTNeoXForCausalLM',
  models: 'GPT-NeoX, Pythia',
  parse(fields) {
    // Transformers 4 writes both spellings.
    fields.only('rope_theta', fields.json.rotary_emb_base ?? 10_000)
    fields.only('partial_rotary_factor', fields.json.rotary_pct ?? 0.25)
    const config = llamaLike(
      fields,
      parseRope(fields, {
        theta: 'rotary_emb_base',
        share: 'rotary_pct',
        defaultShare: 0.25,
        others: ['rope_theta', 'partial_rotary_factor']
      })
    )
    const attentionBias = fields.flag('attention_bias', true)
    return {
      ...config,
      architecture: this.architecture,
      norm: 'layer',
      normEpsilon: fields.optionalNumber('layer_norm_eps') ?? 1e-5,
      activation: activationAt(fields, 'hidden_act', 'gelu'),
      residual: fields.flag('use_parallel_residual', true) ? 'parallel' : 'sequential',
      names,
      linears: linears(config.hiddenSize, config.intermediateSize, attentionBias)
    }
  }
}

const names: TensorNames = {
  prefix: 'gpt_neox.',
  embedding: 'gpt_neox.embed_in',
  positions: null,
  layers: 'gpt_neox.layers',
  beforeAttention: 'input_layernorm',
  queryNorm: null,
  keyNorm: null,
  afterAttention: null,
  beforeFeedForward: 'post_attention_layernorm',
  afterFeedForward: null,
  finalNorm: 'gpt_neox.final_layer_norm',
  head: 'embed_out'
}

const linears = (hidden: number, inner: number, attentionBias: boolean): readonly Linear[] =>
  (
    [
      ['query-key-value-by-head', 'attention.query_key_value', 3 * hidden, hidden, attentionBias],
      ['attended', 'attention.dense', hidden, hidden, attentionBias],
      ['up', 'mlp.dense_h_to_4h', inner, hidden, true],
      ['down', 'mlp.dense_4h_to_h', hidden, inner, true]
    ] as const
  ).map(([role, path, outputs, inputs, bias]) => ({ role, path, outputs, inputs, bias, transposed: false }))
