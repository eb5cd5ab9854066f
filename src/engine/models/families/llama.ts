import { llamaLike } from './common'
import type { Family } from './family'
import { llamaLinears, llamaNames } from './llama-layout'

/** Touvron et al., LLaMA; Dubey et al., The Llama 3 Herd of Models. SmolLM and many others have its form. */
export const llama: Family = {
  modelType: 'llama',
  architecture: 'LlamaForCausalLM',
  models: 'Llama 1 to 3.2, SmolLM',
  parse(fields) {
    const config = llamaLike(fields)
    const attention = fields.flag('attention_bias', false)
    const feedForward = fields.flag('mlp_bias', false)
    return {
      ...config,
      architecture: this.architecture,
      names: llamaNames,
      linears: llamaLinears(config, { attention, attended: attention, feedForward })
    }
  }
}
