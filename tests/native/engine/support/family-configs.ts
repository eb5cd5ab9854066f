import fc from 'fast-check'

/** `config.json` as Hugging Face spells it. */
export type Json = Readonly<Record<string, unknown>>

const size = (least: number, most: number): fc.Arbitrary<number> => fc.integer({ min: least, max: most })
const even = (least: number, most: number): fc.Arbitrary<number> =>
  size(least / 2, most / 2).map((half) => 2 * half)

/** Heads, the key-value heads that they share, and what every family has. No end token: a text ends at its length. */
const common = fc
  .record({ groups: size(1, 3), repeats: size(1, 3), vocab_size: size(11, 30), layers: size(1, 2) })
  .map(({ groups, repeats, vocab_size, layers }) => ({ groups, heads: groups * repeats, vocab_size, layers }))
type Common = typeof common extends fc.Arbitrary<infer T> ? T : never

const llamaShape = ({ groups, heads, vocab_size, layers }: Common, hidden: number): Json => ({
  vocab_size,
  hidden_size: hidden,
  num_hidden_layers: layers,
  num_attention_heads: heads,
  num_key_value_heads: groups,
  max_position_embeddings: 32,
  hidden_act: 'silu',
  rms_norm_eps: 1e-5
})

const theta = fc.constantFrom(100, 10_000, 500_000)
const llama3 = {
  factor: 4,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 16
}
/** Rotary settings in both spellings, scaled and not. */
const rope: fc.Arbitrary<Json> = fc.oneof(
  fc.constant({}),
  theta.map((rope_theta) => ({ rope_theta, rope_scaling: null })),
  theta.map((rope_theta) => ({ rope_theta, rope_scaling: { type: 'linear', factor: 2.5 } })),
  theta.map((rope_theta) => ({ rope_theta, rope_scaling: { rope_type: 'llama3', ...llama3 } })),
  theta.map((rope_theta) => ({ rope_parameters: { rope_theta, rope_type: 'llama3', ...llama3 } }))
)
const plainRope = (fields: Json): fc.Arbitrary<Json> =>
  fc.oneof(
    theta.map((rope_theta) => ({ rope_theta, ...fields })),
    theta.map((rope_theta) => ({ rope_parameters: { rope_theta, rope_type: 'default', ...fields } }))
  )

const window = size(2, 6)
const free = { inner: size(4, 20), hidden: size(5, 20), head: even(2, 12), tied: fc.boolean() }

/** A family whose head size stands alone. */
const freeHeads = (model_type: string, more: fc.Arbitrary<Json>): fc.Arbitrary<Json> =>
  fc
    .tuple(common, fc.record(free), rope, more)
    .map(([shape, { inner, hidden, head, tied }, turned, own]) => ({
      model_type,
      ...llamaShape(shape, hidden),
      intermediate_size: inner,
      head_dim: head,
      tie_word_embeddings: tied,
      ...turned,
      ...own
    }))

const lateWindow = fc.record({
  use_sliding_window: fc.boolean(),
  sliding_window: window,
  max_window_layers: size(0, 2)
})

/** Small configurations of each family, many of them odd. */
export const familyConfigs: Readonly<Record<string, fc.Arbitrary<Json>>> = {
  llama: freeHeads('llama', fc.record({ attention_bias: fc.boolean(), mlp_bias: fc.boolean() })),
  mistral: freeHeads('mistral', fc.record({ sliding_window: fc.option(window) })),
  qwen2: freeHeads('qwen2', lateWindow),
  qwen3: freeHeads(
    'qwen3',
    fc.tuple(lateWindow, fc.boolean()).map(([late, attention_bias]) => ({ ...late, attention_bias }))
  ),
  gpt2: fc
    .tuple(common, fc.record({ ...free, inner: fc.option(free.inner), byLayer: fc.boolean() }))
    .map(([{ heads, vocab_size, layers }, { inner, head, tied, byLayer }]) => ({
      model_type: 'gpt2',
      vocab_size,
      n_embd: heads * head,
      n_layer: layers,
      n_head: heads,
      n_positions: 32,
      n_inner: inner,
      activation_function: 'gelu_new',
      scale_attn_by_inverse_layer_idx: byLayer,
      tie_word_embeddings: tied
    })),
  phi3: fc
    .tuple(
      common,
      fc.record({ ...free, sliding_window: fc.option(window) }),
      fc.constantFrom(0.25, 0.5, 0.75, 1).chain((share) => plainRope({ partial_rotary_factor: share }))
    )
    .map(([shape, { inner, tied, sliding_window }, turned]) => ({
      model_type: 'phi3',
      ...llamaShape(shape, shape.heads * 8),
      intermediate_size: inner,
      tie_word_embeddings: tied,
      sliding_window,
      ...turned
    })),
  gemma3: freeHeads(
    'gemma3_text',
    fc
      .record({
        sliding_window: window,
        query_pre_attn_scalar: size(3, 20),
        sliding_window_pattern: size(1, 3)
      })
      .map((own) => ({ ...own, hidden_activation: 'gelu_pytorch_tanh', rope_local_base_freq: 50 }))
  ),
  neox: fc
    .tuple(
      common,
      fc.record({ ...free, parallel: fc.boolean(), biased: fc.boolean() }),
      fc.constantFrom(0.25, 0.5, 1)
    )
    .map(([{ heads, vocab_size, layers }, { inner, tied, parallel, biased }, rotary_pct]) => ({
      model_type: 'gpt_neox',
      vocab_size,
      hidden_size: heads * 8,
      intermediate_size: inner,
      num_hidden_layers: layers,
      num_attention_heads: heads,
      max_position_embeddings: 32,
      hidden_act: 'gelu',
      layer_norm_eps: 1e-5,
      rotary_pct,
      rotary_emb_base: 1000,
      use_parallel_residual: parallel,
      attention_bias: biased,
      tie_word_embeddings: tied
    }))
}
