import { llamaLike } from './common'
import type { Family } from './family'
import { llamaLinears, llamaNames } from './llama-layout'
import { qwenAttention } from './qwen2'

/** Llama with a norm of each head's queries and keys. Source: Qwen Team, Qwen3 Technical Report. */
export const qwen3: Family = {
  modelType: 'qwen3',
  architecture: 'Qwen3ForCausalLM',
  models: 'Qwen3',
  parse(fields) {
    fields.size('head_dim') // Transformers would take 128, whatever the hidden size
    const config = llamaLike(fields)
    const attention = fields.flag('attention_bias', false)
    return {
      ...config,
      architecture: this.architecture,
      attention: qwenAttention(fields, config),
      names: { ...llamaNames, queryNorm: 'self_attn.q_norm', keyNorm: 'self_attn.k_norm' },
      linears: llamaLinears(config, { attention, attended: attention })
    }
  }
}
