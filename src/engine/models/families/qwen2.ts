import type { LayerAttention } from '../decoder-config'
import { llamaLike, windowed, type CommonConfig } from './common'
import type { Family } from './family'
import type { Fields } from './fields'
import { llamaLinears, llamaNames } from './llama-layout'

/** Llama with biases on queries, keys and values. Source: Qwen Team, Qwen2 Technical Report. */
export const qwen2: Family = {
  modelType: 'qwen2',
  architecture: 'Qwen2ForCausalLM',
  models: 'Qwen2, Qwen2.5',
  parse(fields) {
    const config = llamaLike(fields)
    return {
      ...config,
      architecture: this.architecture,
      attention: qwenAttention(fields, config),
      names: llamaNames,
      linears: llamaLinears(config, { attention: true })
    }
  }
}

/** `use_sliding_window` gives a window to the layers from `max_window_layers` on. */
export function qwenAttention(
  fields: Fields,
  { layers, attention: [everything] }: CommonConfig
): readonly LayerAttention[] {
  const used = fields.flag('use_sliding_window', false)
  const window = used ? (fields.optionalSize('sliding_window') ?? 4096) : null
  const first = fields.json.max_window_layers ?? 28
  if (typeof first !== 'number' || first < 0)
    return fields.unsupported(`max_window_layers = ${JSON.stringify(first)}`)
  return windowed(fields, layers, everything, { ...everything, window }, (layer) => used && layer >= first)
}
