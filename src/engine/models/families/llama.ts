import { llamaLike } from './common'
import type { Family } from './family'
import { llamaLinears, llamaNames } from './llama-layout'

/** Touvron et al., LLaMA; Llama 2; Dubey et al., The Llama 3 Herd of Models. SmolLM and many others have its form. */
export const llama: Family = {
  modelType: 'llama',
  architecture: 'LlamaForCausalLM',
  models: 'Llama 1 to 3.2, SmolLM',
  parse(fields) {
    fields.only('hidden_act', 'silu')
    const common = llamaLike(fields)
    const attention = fields.flag('attention_bias', false)
    return {
      ...common,
      architecture: this.architecture,
      names: llamaNames,
      linears: llamaLinears(common, {
        attention,
        attended: attention,
        feedForward: fields.flag('mlp_bias', false)
      })
    }
  }
}
