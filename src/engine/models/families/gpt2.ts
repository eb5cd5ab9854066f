import type { Linear, TensorNames } from '../decoder-config'
import { activationAt, layerCount, tokensAndType } from './common'
import type { Family } from './family'

/** Source: Radford et al., Language Models are Unsupervised Multitask Learners. */
export const gpt2: Family = {
  modelType: 'gpt2',
  architecture: 'GPT2LMHeadModel',
  models: 'GPT-2',
  parse(fields) {
    fields.only('add_cross_attention', false)
    const hiddenSize = fields.size('n_embd')
    const heads = fields.size('n_head')
    const headSize = hiddenSize / heads
    if (!Number.isInteger(headSize))
      fields.unsupported(`n_embd = ${hiddenSize}, which ${heads} heads do not share evenly`)
    const layers = layerCount(fields, 'n_layer')
    const scaled = fields.flag('scale_attn_weights', true)
    const byLayer = fields.flag('scale_attn_by_inverse_layer_idx', false)
    const intermediateSize = fields.optionalSize('n_inner') ?? 4 * hiddenSize
    return {
      ...tokensAndType(fields),
      architecture: this.architecture,
      vocabularySize: fields.size('vocab_size'),
      hiddenSize,
      intermediateSize,
      layers,
      heads,
      keyValueHeads: heads,
      headSize,
      contextLength: fields.optionalSize('n_positions') ?? 1024,
      norm: 'layer',
      normEpsilon: fields.optionalNumber('layer_norm_epsilon') ?? 1e-5,
      activation: activationAt(fields, 'activation_function', 'gelu_new'),
      residual: 'sequential',
      embeddingScale: 1,
      rope: null,
      rotarySize: 0,
      attention: Array.from({ length: layers }, (_, layer) => ({
        window: null,
        rope: null,
        queryScale: (scaled ? 1 : Math.sqrt(headSize)) / (byLayer ? layer + 1 : 1)
      })),
      logitCap: null,
      tiedEmbeddings: fields.flag('tie_word_embeddings', true),
      names,
      linears: linears(hiddenSize, intermediateSize)
    }
  }
}

const names: TensorNames = {
  prefix: 'transformer.',
  embedding: 'transformer.wte',
  positions: 'transformer.wpe',
  layers: 'transformer.h',
  beforeAttention: 'ln_1',
  queryNorm: null,
  keyNorm: null,
  afterAttention: null,
  beforeFeedForward: 'ln_2',
  afterFeedForward: null,
  finalNorm: 'transformer.ln_f',
  head: 'lm_head'
}

/** GPT-2 keeps its matrices as [inputs, outputs] (Hugging Face calls that a Conv1D). */
const linears = (hidden: number, inner: number): readonly Linear[] =>
  (
    [
      ['query-key-value', 'attn.c_attn', 3 * hidden, hidden],
      ['attended', 'attn.c_proj', hidden, hidden],
      ['up', 'mlp.c_fc', inner, hidden],
      ['down', 'mlp.c_proj', hidden, inner]
    ] as const
  ).map(([role, path, outputs, inputs]) => ({ role, path, outputs, inputs, bias: true, transposed: true }))
