import { describe, expect, it } from 'vitest'
import { defaultModules } from '../../../../src/contract/run-config'
import { parseConfig } from '../../../../src/engine/models/families'
import { loraOf } from '../../../../src/jobs/sessions/lora-of'

const gpt2 = parseConfig({ model_type: 'gpt2', n_embd: 8, n_head: 2, n_layer: 1, vocab_size: 9 })
const llama = parseConfig({
  model_type: 'llama',
  hidden_size: 8,
  intermediate_size: 8,
  num_attention_heads: 2,
  num_hidden_layers: 1,
  vocab_size: 9
})
const asked = (modules: readonly string[]) => ({
  rank: 2,
  alpha: 4,
  rsLora: false,
  dropout: 0,
  modules: [...modules]
})

describe("a run's adapter", () => {
  it('is on all matrices of the model by default, whatever the family calls them', () => {
    expect(loraOf(asked(defaultModules), llama).modules).toEqual(defaultModules)
    expect(loraOf(asked(defaultModules), gpt2)).toEqual({
      rank: 2,
      alpha: 4,
      modules: ['c_attn', 'c_proj', 'c_fc']
    })
  })

  it('is on the matrices that were chosen', () => {
    expect(loraOf(asked(['v_proj']), llama).modules).toEqual(['v_proj'])
    expect(loraOf(asked(['mlp.c_proj', 'c_attn']), gpt2).modules).toEqual(['mlp.c_proj', 'c_attn'])
  })

  it('is refused where the model has no such matrix, naming those that it has', () => {
    expect(() => loraOf(asked(['q_proj']), gpt2)).toThrow(
      /lora.modules names q_proj, which a GPT2LMHeadModel does not have; it has c_attn, c_proj, c_fc/
    )
  })
})
