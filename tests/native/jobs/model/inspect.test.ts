import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { inspectModel } from '../../../../src/jobs/model/inspect'

const folder = (name: string): string => resolve(import.meta.dirname, '../../../golden/families', name)

/** A golden model of each family, and what inspecting it has to say. */
const expected: Readonly<Record<string, object>> = {
  'llama-f16-rslora': { architecture: 'LlamaForCausalLM', dtype: 'float16', window: null },
  'mistral-window': { architecture: 'MistralForCausalLM', dtype: 'float32' },
  'qwen2-late-window': { architecture: 'Qwen2ForCausalLM' },
  'qwen3-tied': { architecture: 'Qwen3ForCausalLM' },
  'gpt2-published': {
    architecture: 'GPT2LMHeadModel',
    context: 16,
    modules: ['c_attn', 'c_proj', 'c_fc'],
    tokenizer: null,
    chatTemplate: false
  },
  phi3: { architecture: 'Phi3ForCausalLM', modules: ['qkv_proj', 'o_proj', 'gate_up_proj', 'down_proj'] },
  'gemma3-bf16-layer-types': { architecture: 'Gemma3ForCausalLM', dtype: 'bfloat16', window: 3 },
  'neox-parallel': { architecture: 'GPTNeoXForCausalLM', keyValueHeads: 2 }
}

describe('inspecting a model', () => {
  it.each(Object.keys(expected))('of every family: %s', async (name) => {
    const found = await inspectModel(folder(name))
    expect(found).toMatchObject(expected[name])
    expect(found.parameters).toBeGreaterThan(1000)
    expect(found.memory.train).toBeGreaterThan(found.memory.score)
  })
})
