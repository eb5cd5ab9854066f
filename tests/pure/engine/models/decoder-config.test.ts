import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../../../src/engine/models/families'
import { inverseFrequencies, ropeTables } from '../../../../src/engine/models/rope'

const plain = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_size: 64,
  intermediate_size: 172,
  num_hidden_layers: 5,
  num_attention_heads: 8,
  num_key_value_heads: 4,
  vocab_size: 512,
  rms_norm_eps: 1e-5,
  tie_word_embeddings: true,
  bos_token_id: 1,
  eos_token_id: 2
}
const llama3 = {
  rope_type: 'llama3',
  factor: 8,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 8192
}
const refusal = (changes: object): unknown => {
  try {
    parseConfig({ ...plain, ...changes })
  } catch (error) {
    return error
  }
  throw new Error('The configuration was accepted.')
}

describe('config.json', () => {
  it('is read with its defaults', () => {
    expect(parseConfig(plain)).toMatchObject({
      architecture: 'LlamaForCausalLM',
      vocabularySize: 512,
      hiddenSize: 64,
      intermediateSize: 172,
      layers: 5,
      heads: 8,
      keyValueHeads: 4,
      headSize: 8,
      contextLength: 2048,
      normEpsilon: 1e-5,
      rope: { type: 'default', theta: 10_000 },
      tiedEmbeddings: true,
      dtype: 'float32',
      beginToken: 1,
      endTokens: [2]
    })
  })

  it('may hold theta at the top, in rope_scaling or in rope_parameters', () => {
    const theta = 500_000
    for (const spelling of [
      { rope_theta: theta },
      { rope_theta: theta, rope_scaling: null },
      { rope_scaling: { rope_type: 'default', rope_theta: theta } },
      { rope_parameters: { rope_type: 'default', rope_theta: theta } }
    ])
      expect(parseConfig({ ...plain, ...spelling }).rope).toEqual({ type: 'default', theta })
  })

  it('may spell a scaling in both ways', () => {
    const scaled = { type: 'linear', theta: 10_000, factor: 4 }
    expect(parseConfig({ ...plain, rope_scaling: { type: 'linear', factor: 4 } }).rope).toEqual(scaled)
    expect(parseConfig({ ...plain, rope_parameters: { rope_type: 'linear', factor: 4 } }).rope).toEqual(
      scaled
    )
    expect(parseConfig({ ...plain, rope_theta: 5e5, rope_scaling: llama3 }).rope).toEqual({
      type: 'llama3',
      theta: 5e5,
      factor: 8,
      lowFrequencyFactor: 1,
      highFrequencyFactor: 4,
      originalContextLength: 8192
    })
  })

  it('may spell the dtype in both ways, and list end tokens', () => {
    expect(parseConfig({ ...plain, torch_dtype: 'bfloat16' }).dtype).toBe('bfloat16')
    expect(
      parseConfig({ ...plain, dtype: 'float16', eos_token_id: [2, 7], bos_token_id: null })
    ).toMatchObject({
      dtype: 'float16',
      endTokens: [2, 7],
      beginToken: null
    })
  })

  it.each([
    [{ model_type: 'bloom' }, /the model type "bloom"; the engine supports LlamaForCausalLM/],
    [{ architectures: ['MistralForCausalLM'] }, /the architecture \["MistralForCausalLM"\]/],
    [{ hidden_act: 'relu' }, /hidden_act = "relu"; the engine supports the activations silu/],
    [{ attention_bias: 'yes' }, /attention_bias = "yes"/],
    [{ quantization_config: { bits: 4 } }, /quantised weights/],
    [{ num_key_value_heads: 3 }, /8 heads over 3 key-value heads/],
    [{ head_dim: 7 }, /a head size of 7/],
    [{ hidden_size: undefined }, /no hidden_size/],
    [{ vocab_size: -4 }, /vocab_size = -4/],
    [{ num_hidden_layers: 2.5 }, /num_hidden_layers = 2.5/],
    [{ num_hidden_layers: 1e9 }, /num_hidden_layers = 1000000000, which is more than 10000/],
    [
      { rope_scaling: { rope_type: 'yarn', factor: 4 } },
      /the rope type "yarn"; the engine supports .*llama3/
    ],
    [
      { rope_scaling: { type: 'linear', factor: 4, attention_factor: 2 } },
      /the rope field "attention_factor"/
    ],
    [{ rope_scaling: { rope_type: 'llama3', factor: 4 } }, /rope low_freq_factor = null/],
    [{ rope_parameters: { rope_theta: 1e4, partial_rotary_factor: 0.5 } }, /"partial_rotary_factor"/],
    [{ partial_rotary_factor: 0.5 }, /the rope field "partial_rotary_factor"/],
    [{ rope_interleaved: true }, /the rope field "rope_interleaved"/],
    [{ rope_theta: 'big' }, /rope_theta = "big"/],
    [{ rope_scaling: 4 }, /rope_scaling = 4/]
  ])('is refused by name: %j', (changes, pattern) => {
    expect(refusal(changes)).toMatchObject({
      code: 'architecture-unsupported',
      message: expect.stringMatching(pattern)
    })
  })

  it('is refused if it is no object', () => {
    for (const json of [null, 3, 'llama', []])
      expect(() => parseConfig(json)).toThrow(/config.json holds no object/)
  })
})

describe('the families', () => {
  const neox = {
    model_type: 'gpt_neox',
    hidden_size: 16,
    intermediate_size: 16,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    vocab_size: 9
  }
  const refused = (json: object): string => {
    try {
      parseConfig(json)
    } catch (error) {
      return (error as Error).message
    }
    return 'accepted'
  }

  it('are all named where a model is of none of them', () => {
    const message = refused({ model_type: 'mamba' })
    for (const name of [
      'Llama',
      'Mistral',
      'Qwen2',
      'Qwen3',
      'SmolLM',
      'GPT-2',
      'Phi-3',
      'Gemma 3',
      'GPT-NeoX'
    ])
      expect(message).toContain(name)
    expect(message).not.toContain('. ')
  })

  it('refuse two spellings that disagree', () => {
    expect(refused({ ...neox, rotary_emb_base: 500, rope_theta: 500 })).toBe('accepted')
    expect(refused({ ...neox, rotary_emb_base: 500, rope_theta: 10_000 })).toMatch(/rope_theta = 10000/)
    expect(refused({ ...neox, partial_rotary_factor: 0.5 })).toMatch(/partial_rotary_factor = 0.5/)
  })

  it('refuse layers of a kind that they do not have, and a window without its size', () => {
    const qwen = { ...neox, model_type: 'qwen2', use_sliding_window: true }
    expect(refused({ ...qwen, layer_types: ['full_attention', 'chunked_attention'] })).toMatch(/chunked/)
    expect(refused({ ...qwen, layer_types: ['full_attention'] })).toMatch(/no list of 2/)
    const sliding = ['sliding_attention', 'full_attention']
    expect(refused({ ...qwen, use_sliding_window: false, layer_types: sliding })).toMatch(/without its size/)
    const config = parseConfig({ ...qwen, sliding_window: 3, layer_types: sliding })
    expect(config.attention.map(({ window }) => window)).toEqual([3, null])
  })

  it('refuse what would be computed wrongly', () => {
    const gpt2 = { model_type: 'gpt2', n_embd: 8, n_head: 2, n_layer: 1, vocab_size: 9 }
    expect(refused({ ...gpt2, add_cross_attention: true })).toMatch(/add_cross_attention = true/)
    expect(refused({ ...gpt2, n_head: 3 })).toMatch(/3 heads do not share evenly/)
    expect(refused({ ...gpt2, activation_function: 'relu' })).toMatch(/activation_function = "relu"/)
    const gemma = { ...neox, model_type: 'gemma3_text', head_dim: 8, attn_logit_softcapping: 50 }
    expect(refused(gemma)).toMatch(/attn_logit_softcapping = 50/)
  })
})

describe("Phi-3's LongRoPE", () => {
  const phi3 = {
    model_type: 'phi3',
    hidden_size: 16,
    intermediate_size: 16,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    vocab_size: 9,
    partial_rotary_factor: 0.5,
    max_position_embeddings: 131_072,
    original_max_position_embeddings: 4096,
    rope_scaling: { type: 'longrope', short_factor: [1, 2], long_factor: [3, 4] }
  }

  it('holds with its short factors up to the context before it was stretched', () => {
    const config = parseConfig(phi3)
    expect(config).toMatchObject({
      contextLength: 4096,
      rotarySize: 4,
      rope: {
        type: 'longrope',
        theta: 10_000,
        factors: [1, 2],
        attentionFactor: Math.sqrt(1 + Math.log(32) / Math.log(4096))
      }
    })
    const { cosine } = ropeTables(config.rope as NonNullable<typeof config.rope>, 4, 2)
    const factor = Math.sqrt(1 + 5 / 12)
    expect(cosine[0]).toBeCloseTo(factor, 6)
    expect(cosine[3]).toBeCloseTo(factor * Math.cos(0.01 / 2), 6)
  })

  it('is refused with factors for another head, or fields that are not known', () => {
    const refused = (change: object): string => {
      try {
        parseConfig({ ...phi3, rope_scaling: { ...phi3.rope_scaling, ...change } })
      } catch (error) {
        return (error as Error).message
      }
      return 'accepted'
    }
    expect(refused({ short_factor: [1] })).toMatch(/short_factor that is no list of 2 numbers/)
    expect(refused({ short_mscale: 1.1 })).toMatch(/the rope field "short_mscale"/)
    expect(refused({ type: 'yarn' })).toMatch(/the rope type "yarn"/)
  })
})

describe('rotary angles', () => {
  it('turn pair i of a head by position · theta^(-2i / size)', () => {
    const { cosine, sine } = ropeTables({ type: 'default', theta: 100 }, 4, 3)
    const angles = [0, 0, 1, 0.1, 2, 0.2]
    angles.forEach((angle, index) => {
      expect(cosine[index]).toBeCloseTo(Math.cos(angle), 6)
      expect(sine[index]).toBeCloseTo(Math.sin(angle), 6)
    })
  })

  it('are divided by the factor when scaled linearly', () => {
    const linear = inverseFrequencies({ type: 'linear', theta: 100, factor: 4 }, 4)
    expect(linear).toEqual([0.25, 0.025])
  })

  it("keep short wavelengths and stretch long ones with Llama 3's scaling", () => {
    const size = 128
    const before = inverseFrequencies({ type: 'default', theta: 5e5 }, size)
    const rope = {
      type: 'llama3',
      theta: 5e5,
      factor: 8,
      lowFrequencyFactor: 1,
      highFrequencyFactor: 4
    } as const
    const after = inverseFrequencies({ ...rope, originalContextLength: 8192 }, size)
    after.forEach((frequency, pair) => {
      const wavelength = (2 * Math.PI) / before[pair]
      if (wavelength < 8192 / 4) expect(frequency).toBe(before[pair])
      else if (wavelength > 8192) expect(frequency).toBeCloseTo(before[pair] / 8, 12)
      else {
        expect(frequency).toBeLessThan(before[pair])
        expect(frequency).toBeGreaterThan(before[pair] / 8)
      }
    })
    expect(
      after.some((frequency, pair) => frequency !== before[pair] && frequency > before[pair] / 7.9)
    ).toBe(true)
  })
})
