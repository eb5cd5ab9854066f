import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadAdapter, saveAdapter } from '../../../../src/engine/checkpoint/peft'
import { encodeSafetensors, readSafetensors } from '../../../../src/engine/checkpoint/safetensors'
import { float32, type HostTensor } from '../../../../src/engine/graph/tensor'
import type { Lora } from '../../../../src/engine/models/model'
import { loraModules } from '../../../../src/engine/models/names'
import { loraParameters, valueHeadParameters } from '../../../../src/engine/models/parameters'
import { numbers, randomModel } from './random-model'
import { failureOf, scratchFolder } from './scratch'

const root = scratchFolder()
const { config } = randomModel()
const lora: Lora = { rank: 4, alpha: 8, modules: loraModules(config) }
const next = numbers(3)
const filled = (parameters: Map<string, HostTensor>) =>
  new Map(
    [...parameters].map(([name, { shape, data }]) => [
      name,
      float32(shape, Float32Array.from(data as Float32Array, next))
    ])
  )
const adapter = filled(loraParameters(config, lora, next))
const valueHead = filled(valueHeadParameters(config))
let count = 0
const saved = (parameters = adapter, settings = lora): string => {
  const dir = join(root, `adapter-${count++}`)
  saveAdapter(dir, { lora: settings, parameters, baseModel: '/models/base' })
  return dir
}

/** Replaces part of adapter_config.json. */
function configure(dir: string, change: Record<string, unknown>): void {
  const file = join(dir, 'adapter_config.json')
  writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, 'utf8')) as object), ...change }))
}

describe('an adapter', () => {
  test('comes back as it was saved, with and without a value head', () => {
    expect(loadAdapter(saved(), config)).toEqual({ lora, parameters: adapter })
    const both = new Map([...adapter, ...valueHead])
    const loaded = loadAdapter(saved(both), config)
    expect([...loaded.parameters]).toEqual([...both])
    const fewer: Lora = { rank: 2, alpha: 3.5, modules: ['q_proj', 'down_proj'] }
    const parameters = filled(loraParameters(config, fewer, next))
    expect(loadAdapter(saved(parameters, fewer), config)).toEqual({ lora: fewer, parameters })
  })

  test('has the files, names and shapes that PEFT has', () => {
    const dir = saved(new Map([...adapter, ...valueHead]))
    const tensors = readSafetensors(join(dir, 'adapter_model.safetensors'))
    expect(tensors.size).toBe(2 * 7 * 2)
    expect(tensors.get('base_model.model.model.layers.1.self_attn.k_proj.lora_A.weight')?.shape).toEqual([
      4, 24
    ])
    expect(tensors.get('base_model.model.model.layers.1.self_attn.k_proj.lora_B.weight')?.shape).toEqual([
      8, 4
    ])
    expect(tensors.get('base_model.model.model.layers.0.mlp.down_proj.lora_A.weight')?.shape).toEqual([4, 20])
    expect([...readSafetensors(join(dir, 'value_head.safetensors')).keys()]).toEqual([
      'value_head.weight',
      'value_head.bias'
    ])
    expect(JSON.parse(readFileSync(join(dir, 'adapter_config.json'), 'utf8'))).toMatchObject({
      peft_type: 'LORA',
      task_type: 'CAUSAL_LM',
      base_model_name_or_path: '/models/base',
      r: 4,
      lora_alpha: 8,
      lora_dropout: 0,
      bias: 'none',
      target_modules: lora.modules
    })
  })

  test("is read with the settings that PEFT's own versions add, whatever the order of modules", () => {
    const dir = saved()
    configure(dir, {
      target_modules: [...lora.modules].reverse(),
      ...{ alpha_pattern: {}, rank_pattern: {}, layers_to_transform: null, loftq_config: {}, revision: null },
      ...{ lora_bias: false, eva_config: null, exclude_modules: null, trainable_token_indices: null }
    })
    expect(loadAdapter(dir, config)).toEqual({ lora, parameters: adapter })
  })

  test.each([
    ['use_dora', true],
    ['use_rslora', 'yes'],
    ['lora_dropout', 1],
    ['bias', 'all'],
    ['peft_type', 'IA3'],
    ['rank_pattern', { q_proj: 2 }],
    ['layers_to_transform', [0]],
    ['modules_to_save', ['lm_head']],
    ['fan_in_fan_out', 1],
    ['alpha_pattern', { k_proj: 4 }],
    ['task_type', 'SEQ_CLS'],
    ['target_modules', ''],
    ['target_modules', ['q_proj', 'lm_head']],
    ['target_modules', []],
    ['r', 0],
    ['r', 2.5],
    ['lora_alpha', '8']
  ])('that would be computed wrongly is refused: %s = %j', (key, value) => {
    const dir = saved()
    configure(dir, { [key]: value })
    const failure = failureOf(() => loadAdapter(dir, config))
    expect(failure.code).toBe('architecture-unsupported')
    expect(failure.message).toContain(join(dir, 'adapter_config.json'))
    expect(failure.message).toContain(key)
  })

  test('that does not fit the model is refused, naming the tensor', () => {
    const dir = saved()
    expect(failureOf(() => loadAdapter(dir, randomModel({ intermediateSize: 21 }).config))).toMatchObject({
      code: 'checkpoint-corrupt',
      message: expect.stringMatching(
        /layers\.0\.mlp\.gate_proj\.lora_B\.weight" has the shape \[20, 4\]/
      ) as string
    })
    expect(failureOf(() => loadAdapter(dir, randomModel({ layers: 3 }).config))).toMatchObject({
      code: 'tensor-missing',
      message: expect.stringContaining('layers.2.self_attn.q_proj.lora_A.weight') as string
    })
    expect(failureOf(() => loadAdapter(dir, randomModel({ layers: 1 }).config))).toMatchObject({
      code: 'checkpoint-corrupt',
      message: expect.stringContaining('layers.1.self_attn.q_proj.lora_A.weight') as string
    })
  })

  test('whose value head belongs to another model is refused', () => {
    const dir = saved()
    const wrong = new Map([['value_head.weight', float32([1, 5], new Float32Array(5))]])
    writeFileSync(join(dir, 'value_head.safetensors'), Buffer.concat(encodeSafetensors(wrong)))
    expect(failureOf(() => loadAdapter(dir, config))).toMatchObject({ code: 'checkpoint-corrupt' })
  })

  test('that is not there is said so', () => {
    expect(failureOf(() => loadAdapter(join(root, 'nowhere'), config))).toMatchObject({ code: 'not-found' })
  })
})
