import type { Linear } from '../decoder-config'
import { alike, llamaLike } from './common'
import type { Family } from './family'
import { llamaNames, type LayerSizes } from './llama-layout'
import { longRope } from './long-rope'
import { parseRope } from './rope-config'

/** Llama with joined matrices. Source: Abdin et al., Phi-3 Technical Report. */
export const phi3: Family = {
  modelType: 'phi3',
  architecture: 'Phi3ForCausalLM',
  models: 'Phi-3',
  parse(fields) {
    fields.only('attention_bias', false)
    const stretched = fields.optionalSize('max_position_embeddings') ?? 4096
    const original = fields.optionalSize('original_max_position_embeddings') ?? stretched
    const headSize =
      fields.optionalSize('head_dim') ?? fields.size('hidden_size') / fields.size('num_attention_heads')
    const parsed = parseRope(fields, {
      share: 'partial_rotary_factor',
      custom: (settings, share) =>
        longRope(fields, settings, { original, stretched, pairs: Math.floor((headSize * share) / 2) })
    })
    const config = llamaLike(fields, parsed)
    const window = fields.optionalSize('sliding_window') ?? null
    return {
      ...config,
      architecture: this.architecture,
      contextLength: config.rope?.type === 'longrope' ? Math.min(original, stretched) : stretched,
      normEpsilon: fields.optionalNumber('rms_norm_eps') ?? 1e-5,
      attention: alike(config.layers, { ...config.attention[0], window }),
      names: llamaNames,
      linears: linears(config)
    }
  }
}

function linears(sizes: LayerSizes): readonly Linear[] {
  const { hiddenSize, intermediateSize, heads, keyValueHeads, headSize } = sizes
  return (
    [
      ['query-key-value', 'self_attn.qkv_proj', (heads + 2 * keyValueHeads) * headSize, hiddenSize],
      ['attended', 'self_attn.o_proj', hiddenSize, heads * headSize],
      ['gate-up', 'mlp.gate_up_proj', 2 * intermediateSize, hiddenSize],
      ['down', 'mlp.down_proj', hiddenSize, intermediateSize]
    ] as const
  ).map(([role, path, outputs, inputs]) => ({ role, path, outputs, inputs, bias: false, transposed: false }))
}
