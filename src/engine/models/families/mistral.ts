import { alike, llamaLike } from './common'
import type { Family } from './family'
import { llamaLinears, llamaNames } from './llama-layout'

/** Llama with a sliding window in every layer. Source: Jiang et al., Mistral 7B. */
export const mistral: Family = {
  modelType: 'mistral',
  architecture: 'MistralForCausalLM',
  models: 'Mistral',
  parse(fields) {
    const config = llamaLike(fields)
    const window = 'sliding_window' in fields.json ? (fields.optionalSize('sliding_window') ?? null) : 4096
    return {
      ...config,
      architecture: this.architecture,
      attention: alike(config.layers, { ...config.attention[0], window }),
      names: llamaNames,
      linears: llamaLinears(config)
    }
  }
}
