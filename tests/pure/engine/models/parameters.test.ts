import { describe, expect, it } from 'vitest'
import { floats } from '../../../../src/engine/graph'
import { parseConfig } from '../../../../src/engine/models/families'
import { tensorOf, type Lora, type Model } from '../../../../src/engine/models/model'
import { checkpointShapes } from '../../../../src/engine/models/names'
import {
  fullParameters,
  loraParameters,
  parameterShapes,
  valueHeadParameters
} from '../../../../src/engine/models/parameters'

const config = parseConfig({
  model_type: 'llama',
  hidden_size: 8,
  intermediate_size: 10,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 6,
  vocab_size: 11
})
const lora: Lora = { rank: 3, alpha: 6, modules: ['q_proj', 'down_proj'] }

describe('parameters', () => {
  it("has the checkpoint's tensors in Hugging Face's orientation", () => {
    expect([...checkpointShapes(config)]).toEqual([
      ['model.embed_tokens.weight', [11, 8]],
      ['model.layers.0.input_layernorm.weight', [8]],
      ['model.layers.0.self_attn.q_proj.weight', [12, 8]],
      ['model.layers.0.self_attn.k_proj.weight', [6, 8]],
      ['model.layers.0.self_attn.v_proj.weight', [6, 8]],
      ['model.layers.0.self_attn.o_proj.weight', [8, 12]],
      ['model.layers.0.mlp.gate_proj.weight', [10, 8]],
      ['model.layers.0.mlp.up_proj.weight', [10, 8]],
      ['model.layers.0.mlp.down_proj.weight', [8, 10]],
      ['model.layers.0.post_attention_layernorm.weight', [8]],
      ['model.norm.weight', [8]],
      ['lm_head.weight', [11, 8]]
    ])
    expect(checkpointShapes({ ...config, tiedEmbeddings: true }).has('lm_head.weight')).toBe(false)
  })

  it("names and shapes an adapter as PEFT does, after the value head's tensors if there are any", () => {
    expect([...parameterShapes(config, { kind: 'lora', lora }, true)]).toEqual([
      ['base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight', [3, 8]],
      ['base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight', [12, 3]],
      ['base_model.model.model.layers.0.mlp.down_proj.lora_A.weight', [3, 10]],
      ['base_model.model.model.layers.0.mlp.down_proj.lora_B.weight', [8, 3]],
      ['value_head.weight', [1, 8]],
      ['value_head.bias', [1]]
    ])
    expect(parameterShapes(config, { kind: 'none' }, false).size).toBe(0)
  })

  it('starts an adapter that changes nothing: B is zero, A is drawn', () => {
    let drawn = 0
    const parameters = loraParameters(config, lora, () => (drawn++ % 2 === 0 ? 1 : -1))
    expect(drawn).toBe(3 * 8 + 3 * 10)
    for (const [name, tensor] of parameters) {
      const size = 1 / Math.sqrt(3 * tensor.shape[1])
      const expected = name.includes('lora_B') ? [0] : [Math.fround(size), Math.fround(-size)]
      expect(new Set(floats(tensor))).toEqual(new Set(expected))
    }
  })

  it('starts a value head at zero', () => {
    for (const tensor of valueHeadParameters(config).values())
      expect(floats(tensor).every((x) => x === 0)).toBe(true)
  })

  it('copies the weights of a model that is trained whole', () => {
    const tensors = new Map(
      [...checkpointShapes(config)].map(([name, shape]) => {
        const data = new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(2)
        return [name, { dtype: 'float32', shape, data } as const]
      })
    )
    const model: Model = { config, tensors }
    const parameters = fullParameters(model)
    expect([...parameters.keys()]).toEqual([...tensors.keys()])
    for (const [name, tensor] of parameters) {
      expect(tensor.data).toEqual(tensors.get(name)?.data)
      expect(tensor.data.buffer).not.toBe(tensors.get(name)?.data.buffer)
    }
  })

  it('says which tensor a checkpoint lacks', () => {
    expect(() => tensorOf({ config, tensors: new Map() }, 'model.norm.weight')).toThrow(
      /no tensor model.norm.weight/
    )
  })
})
