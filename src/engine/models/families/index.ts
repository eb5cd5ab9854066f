import { EngineFailure } from '../../failure'
import type { DecoderConfig } from '../decoder-config'
import type { Family } from './family'
import { Fields, type Json } from './fields'
import { gemma3 } from './gemma3'
import { gptNeox } from './gpt-neox'
import { gpt2 } from './gpt2'
import { llama } from './llama'
import { mistral } from './mistral'
import { phi3 } from './phi3'
import { qwen2 } from './qwen2'
import { qwen3 } from './qwen3'

/** Every architecture that the engine computes. */
const families: readonly Family[] = [llama, mistral, qwen2, qwen3, gpt2, phi3, gemma3, gptNeox]

/** `LlamaForCausalLM (Llama 1 to 3.2, SmolLM), …` */
const supported = families.map(({ architecture, models }) => `${architecture} (${models})`).join(', ')

/**
 * Reads a Hugging Face `config.json`, as Transformers 4 or 5 writes it. `file` is its name for sentences.
 * Throws EngineFailure `architecture-unsupported` for anything that the engine would compute wrongly.
 */
export function parseConfig(json: unknown, file = 'config.json'): DecoderConfig {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new EngineFailure(
      'architecture-unsupported',
      `${file} holds no object; the configuration of a model is needed.`
    )
  const fields = new Fields(json as Json, file, supported)
  const { model_type: type, architectures } = fields.json
  const family = families.find(({ modelType }) => modelType === type)
  if (!family) return fields.unsupported(`the model type ${JSON.stringify(type ?? null)}`)
  const named: unknown = architectures ?? [family.architecture]
  if (!Array.isArray(named) || !named.includes(family.architecture))
    fields.unsupported(`the architecture ${JSON.stringify(named)}`)
  if (fields.json.quantization_config) fields.unsupported('quantised weights')
  return family.parse(fields)
}
