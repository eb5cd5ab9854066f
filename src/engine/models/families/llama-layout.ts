import type { Linear, TensorNames } from '../decoder-config'

/** The names that Llama's checkpoints use, and most families after it. */
export const llamaNames: TensorNames = {
  prefix: 'model.',
  embedding: 'model.embed_tokens',
  positions: null,
  layers: 'model.layers',
  beforeAttention: 'input_layernorm',
  queryNorm: null,
  keyNorm: null,
  afterAttention: null,
  beforeFeedForward: 'post_attention_layernorm',
  afterFeedForward: null,
  finalNorm: 'model.norm',
  head: 'lm_head'
}

export interface LayerSizes {
  readonly hiddenSize: number
  readonly intermediateSize: number
  readonly heads: number
  readonly keyValueHeads: number
  readonly headSize: number
}

interface Biases {
  /** On queries, keys and values. */
  readonly attention?: boolean
  readonly attended?: boolean
  readonly feedForward?: boolean
}

/** Llama's seven matrices of a layer. */
export function llamaLinears(sizes: LayerSizes, biases: Biases = {}): readonly Linear[] {
  const { hiddenSize, intermediateSize, heads, keyValueHeads, headSize } = sizes
  const { attention = false, attended = false, feedForward = false } = biases
  const linear = (
    role: Linear['role'],
    path: string,
    outputs: number,
    inputs: number,
    bias: boolean
  ): Linear => ({ role, path, outputs, inputs, bias, transposed: false })
  return [
    linear('query', 'self_attn.q_proj', heads * headSize, hiddenSize, attention),
    linear('key', 'self_attn.k_proj', keyValueHeads * headSize, hiddenSize, attention),
    linear('value', 'self_attn.v_proj', keyValueHeads * headSize, hiddenSize, attention),
    linear('attended', 'self_attn.o_proj', hiddenSize, heads * headSize, attended),
    linear('gate', 'mlp.gate_proj', intermediateSize, hiddenSize, feedForward),
    linear('up', 'mlp.up_proj', intermediateSize, hiddenSize, feedForward),
    linear('down', 'mlp.down_proj', hiddenSize, intermediateSize, feedForward)
  ]
}
