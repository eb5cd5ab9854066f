/** How positions become angles. */
export type RopeConfig = { readonly theta: number } & (
  | { readonly type: 'default' }
  | { readonly type: 'linear'; readonly factor: number }
  /** A divisor for each pair of elements, and a factor of what is rotated. */
  | { readonly type: 'longrope'; readonly factors: readonly number[]; readonly attentionFactor: number }
  | {
      readonly type: 'llama3'
      readonly factor: number
      readonly lowFrequencyFactor: number
      readonly highFrequencyFactor: number
      /** Tokens. */
      readonly originalContextLength: number
    }
)

/** `layer` subtracts the mean and has a bias; `rms` does neither; `rms-plus-one` stores its weight less 1. */
export type NormKind = 'rms' | 'rms-plus-one' | 'layer'

/** `gelu` is exact; `gelu-tanh` is its approximation. */
export type Activation = 'silu' | 'gelu' | 'gelu-tanh'

/**
 * What a matrix does in its layer. Some families join matrices that read the same: `query-key-value` holds the three
 * one after another, `query-key-value-by-head` all three of the first head, then those of the second; `gate-up` holds
 * the gate first.
 */
export type Role =
  | 'query'
  | 'key'
  | 'value'
  | 'query-key-value'
  | 'query-key-value-by-head'
  | 'attended'
  | 'gate'
  | 'up'
  | 'gate-up'
  | 'down'

/** A matrix that every layer has. */
export interface Linear {
  readonly role: Role
  /** Its name within the layer, without `.weight`: `self_attn.q_proj`. Adapters call it by the last part. */
  readonly path: string
  readonly outputs: number
  readonly inputs: number
  /** It has a tensor `.bias` [outputs]. */
  readonly bias: boolean
  /** The checkpoint holds it as [inputs, outputs], as GPT-2 does, not as [outputs, inputs]. */
  readonly transposed: boolean
}

/** What a checkpoint calls its tensors, without `.weight` and `.bias`; null for what the family does not have. */
export interface TensorNames {
  /** Of all names but the head's; checkpoints of the bare model leave it out: `h.0.ln_1` for `transformer.h.0.ln_1`. */
  readonly prefix: string
  readonly embedding: string
  /** A learned vector for each position. */
  readonly positions: string | null
  /** A layer's tensors begin with this, a full stop and its number. */
  readonly layers: string
  readonly beforeAttention: string
  /** Of heads of queries and keys, before they are rotated. */
  readonly queryNorm: string | null
  readonly keyNorm: string | null
  /** Of what attention adds to the residual stream. */
  readonly afterAttention: string | null
  readonly beforeFeedForward: string
  readonly afterFeedForward: string | null
  readonly finalNorm: string
  readonly head: string
}

/** How one layer looks at other positions. */
export interface LayerAttention {
  /** Tokens that it sees, its own included; null: all before it. */
  readonly window: number | null
  /** null: positions are not rotated. */
  readonly rope: RopeConfig | null
  /** A factor of the queries, beyond 1 / √headSize. */
  readonly queryScale: number
}

/**
 * What the engine needs to know of a decoder; `parseConfig` in `families/` makes it, and nothing else in the engine asks
 * which family a model is of. Sizes are counts of elements.
 */
export interface DecoderConfig {
  /** As Hugging Face names it: `LlamaForCausalLM`. */
  readonly architecture: string
  readonly vocabularySize: number
  readonly hiddenSize: number
  readonly intermediateSize: number
  readonly layers: number
  readonly heads: number
  /** Key and value heads; each serves heads / keyValueHeads query heads. */
  readonly keyValueHeads: number
  readonly headSize: number
  /** Longest sequence the model was made for, in tokens. */
  readonly contextLength: number
  readonly norm: NormKind
  readonly normEpsilon: number
  readonly activation: Activation
  /** Attention and feed-forward read the same residual stream (parallel), or the second reads what the first made. */
  readonly residual: 'sequential' | 'parallel'
  /** A factor of the embeddings. */
  readonly embeddingScale: number
  /** Rotary settings of the layers that see everything; null if positions are learned. */
  readonly rope: RopeConfig | null
  /** Elements at the start of each head that are rotated. */
  readonly rotarySize: number
  /** Of each layer. */
  readonly attention: readonly LayerAttention[]
  /** Logits are kept within ± this by a tanh; null: they are not. */
  readonly logitCap: number | null
  readonly names: TensorNames
  /** The matrices of a layer, in the order of the checkpoint. */
  readonly linears: readonly Linear[]
  /** The output matrix is the embedding. */
  readonly tiedEmbeddings: boolean
  readonly dtype: string
  /** Token ids; a model may have several end tokens, or none. */
  readonly beginToken: number | null
  readonly endTokens: readonly number[]
}
