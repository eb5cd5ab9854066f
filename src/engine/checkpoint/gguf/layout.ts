import { EngineFailure } from '../../failure'
import type { DecoderConfig, Linear } from '../../models/decoder-config'
import { checkpointShapes, layerName } from '../../models/names'

/** One tensor of a GGUF file and where it comes from. */
export interface PlacedTensor {
  /** In the checkpoint. */
  readonly source: string
  /** In the GGUF file. */
  readonly name: string
  readonly shape: readonly number[]
  /** Heads whose rows are interleaved, for the form of rotation that llama.cpp uses with `llama`; 0 for none. */
  readonly heads: number
}

/** What llama.cpp calls the architectures that can be exported. */
const architectures: Readonly<Record<string, string>> = {
  LlamaForCausalLM: 'llama',
  MistralForCausalLM: 'llama',
  Qwen2ForCausalLM: 'qwen2',
  Qwen3ForCausalLM: 'qwen3'
}

const matrixNames: Readonly<Partial<Record<Linear['role'], string>>> = {
  query: 'attn_q',
  key: 'attn_k',
  value: 'attn_v',
  attended: 'attn_output',
  gate: 'ffn_gate',
  up: 'ffn_up',
  down: 'ffn_down'
}

/** llama.cpp's name of a model's architecture. Throws `architecture-unsupported` for one that cannot be exported. */
export function ggufArchitecture(config: DecoderConfig): string {
  const found = architectures[config.architecture]
  if (found !== undefined) return found
  throw new EngineFailure(
    'architecture-unsupported',
    `${config.architecture} cannot be exported to GGUF; ${Object.keys(architectures).join(', ')} can.`
  )
}

/** Every tensor of the model in the order of the checkpoint's configuration. Throws as `ggufArchitecture`. */
export function ggufLayout(config: DecoderConfig): PlacedTensor[] {
  const interleaved = ggufArchitecture(config) === 'llama'
  const names = ggufNames(config)
  const headsOf = new Map<string, number>()
  if (interleaved)
    for (const { role, path } of config.linears)
      for (let layer = 0; layer < config.layers; layer++) {
        const heads = role === 'query' ? config.heads : role === 'key' ? config.keyValueHeads : 0
        headsOf.set(layerName(config, layer, path), heads)
      }
  return [...checkpointShapes(config)].map(([source, shape]) => {
    const [, base, part] = /^(.*)\.(weight|bias)$/.exec(source) ?? []
    const name = names.get(base)
    if (name === undefined)
      throw new EngineFailure('architecture-unsupported', `GGUF has no place for the tensor ${source}.`)
    return { source, name: `${name}.${part}`, shape, heads: headsOf.get(base) ?? 0 }
  })
}

/** Names of the checkpoint, without `.weight`, to those of GGUF. */
function ggufNames(config: DecoderConfig): Map<string, string> {
  const { names, linears, layers } = config
  const found = new Map([
    [names.embedding, 'token_embd'],
    [names.finalNorm, 'output_norm'],
    [names.head, 'output']
  ])
  const inLayer: [string | null, string | undefined][] = [
    [names.beforeAttention, 'attn_norm'],
    [names.beforeFeedForward, 'ffn_norm'],
    [names.queryNorm, 'attn_q_norm'],
    [names.keyNorm, 'attn_k_norm'],
    ...linears.map(({ role, path }): [string, string | undefined] => [path, matrixNames[role]])
  ]
  for (let layer = 0; layer < layers; layer++)
    for (const [path, name] of inLayer)
      if (path && name) found.set(layerName(config, layer, path), `blk.${layer}.${name}`)
  return found
}

/**
 * Where row `row` of the GGUF tensor stands in the checkpoint. Hugging Face rotates elements i and i + size / 2 of a
 * head together, llama.cpp's `llama` elements 2i and 2i + 1: so the two halves of a head are interleaved.
 */
export function sourceRow(row: number, rows: number, heads: number): number {
  if (heads === 0) return row
  const size = rows / heads
  const within = row % size
  return row - within + (within % 2) * (size / 2) + Math.floor(within / 2)
}
