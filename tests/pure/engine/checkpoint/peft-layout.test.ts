import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { narrowFloat32, type HalfType } from '../../../../src/engine/checkpoint/narrow'
import { loadAdapter, saveAdapter } from '../../../../src/engine/checkpoint/peft'
import { encodeSafetensorsHeader, openSafetensors } from '../../../../src/engine/checkpoint/safetensors'
import { float32, floats, type ParameterSet } from '../../../../src/engine/graph/tensor'
import type { DecoderConfig } from '../../../../src/engine/models/decoder-config'
import { parseConfig } from '../../../../src/engine/models/families'
import type { Lora } from '../../../../src/engine/models/model'
import { loraShapes } from '../../../../src/engine/models/parameters'
import { numbers, randomModel } from './random-model'
import { failureOf, scratchFolder } from './scratch'

const root = scratchFolder()
const llama = randomModel({ layers: 1 }).config
const gpt2 = parseConfig({
  ...{ architectures: ['GPT2LMHeadModel'], model_type: 'gpt2', n_embd: 8, n_layer: 1, n_head: 2 },
  ...{ n_positions: 16, vocab_size: 11, activation_function: 'gelu_new', tie_word_embeddings: true }
})
const random = (config: DecoderConfig, lora: Lora, seed = 1): ParameterSet => {
  const next = numbers(seed)
  return new Map(
    [...loraShapes(config, lora)].map(([name, shape]) => [
      name,
      float32(
        shape,
        Float32Array.from({ length: shape[0] * shape[1] }, () => next() - 0.5)
      )
    ])
  )
}
let count = 0
const folder = (): string => join(root, `adapter-${count++}`)

/** As https://huggingface.co/docs/peft has them: what an adapter of a Llama is called and how it lies. */
const llamaLayout = [
  ['base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight', [2, 24]],
  ['base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight', [24, 2]],
  ['base_model.model.model.layers.0.self_attn.k_proj.lora_A.weight', [2, 24]],
  ['base_model.model.model.layers.0.self_attn.k_proj.lora_B.weight', [8, 2]],
  ['base_model.model.model.layers.0.self_attn.v_proj.lora_A.weight', [2, 24]],
  ['base_model.model.model.layers.0.self_attn.v_proj.lora_B.weight', [8, 2]],
  ['base_model.model.model.layers.0.self_attn.o_proj.lora_A.weight', [2, 24]],
  ['base_model.model.model.layers.0.self_attn.o_proj.lora_B.weight', [24, 2]],
  ['base_model.model.model.layers.0.mlp.gate_proj.lora_A.weight', [2, 24]],
  ['base_model.model.model.layers.0.mlp.gate_proj.lora_B.weight', [20, 2]],
  ['base_model.model.model.layers.0.mlp.up_proj.lora_A.weight', [2, 24]],
  ['base_model.model.model.layers.0.mlp.up_proj.lora_B.weight', [20, 2]],
  ['base_model.model.model.layers.0.mlp.down_proj.lora_A.weight', [2, 20]],
  ['base_model.model.model.layers.0.mlp.down_proj.lora_B.weight', [24, 2]]
] as const

const gpt2Layout = [
  ['base_model.model.transformer.h.0.attn.c_attn.lora_A.weight', [3, 8]],
  ['base_model.model.transformer.h.0.attn.c_attn.lora_B.weight', [24, 3]],
  ['base_model.model.transformer.h.0.attn.c_proj.lora_A.weight', [3, 8]],
  ['base_model.model.transformer.h.0.attn.c_proj.lora_B.weight', [8, 3]],
  ['base_model.model.transformer.h.0.mlp.c_fc.lora_A.weight', [3, 8]],
  ['base_model.model.transformer.h.0.mlp.c_fc.lora_B.weight', [32, 3]],
  ['base_model.model.transformer.h.0.mlp.c_proj.lora_A.weight', [3, 32]],
  ['base_model.model.transformer.h.0.mlp.c_proj.lora_B.weight', [8, 3]]
] as const

const llamaModules = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj']

/** Name, type and shape of every tensor, and its bytes, as they stand in the file. */
function layoutOf(dir: string) {
  const file = openSafetensors(join(dir, 'adapter_model.safetensors'))
  try {
    return [...file.entries.values()].map(({ name, dtype, shape }) => [name, dtype, [...shape]])
  } finally {
    file.close()
  }
}

describe("PEFT's layout", () => {
  test('adapter_config.json, byte for byte', () => {
    const dir = folder()
    const lora = { rank: 2, alpha: 4, modules: ['q_proj', 'v_proj'], rsLora: true, dropout: 0.05 }
    saveAdapter(dir, { lora, parameters: random(llama, lora), baseModel: '/models/base' })
    expect(readFileSync(join(dir, 'adapter_config.json'), 'utf8')).toBe(`{
  "alpha_pattern": {},
  "auto_mapping": null,
  "base_model_name_or_path": "/models/base",
  "bias": "none",
  "fan_in_fan_out": false,
  "inference_mode": true,
  "init_lora_weights": true,
  "layers_pattern": null,
  "layers_to_transform": null,
  "lora_alpha": 4,
  "lora_dropout": 0.05,
  "modules_to_save": null,
  "peft_type": "LORA",
  "r": 2,
  "rank_pattern": {},
  "revision": null,
  "target_modules": [
    "q_proj",
    "v_proj"
  ],
  "task_type": "CAUSAL_LM",
  "use_dora": false,
  "use_rslora": true
}
`)
  })

  test.each([
    ['Llama', llama, llamaModules, 2, llamaLayout, false],
    ['GPT-2', gpt2, ['c_attn', 'c_proj', 'c_fc'], 3, gpt2Layout, true]
  ] as const)('names, types, shapes and bytes for %s', (_name, config, modules, rank, expected, turned) => {
    const dir = folder()
    const lora = { rank, alpha: 8, modules }
    const parameters = random(config, lora)
    saveAdapter(dir, { lora, parameters, baseModel: '' })
    expect(layoutOf(dir)).toEqual(expected.map(([name, shape]) => [name, 'F32', [...shape]]))
    const settings = JSON.parse(readFileSync(join(dir, 'adapter_config.json'), 'utf8')) as Record<
      string,
      unknown
    >
    expect(settings.fan_in_fan_out).toBe(turned)
    const file = readFileSync(join(dir, 'adapter_model.safetensors'))
    const header = 8 + Number(file.readBigUInt64LE(0))
    expect(header % 8).toBe(0)
    const data = Buffer.concat(expected.map(([name]) => bytesOf(parameters, name)))
    expect(Buffer.compare(file.subarray(header), data)).toBe(0)
  })

  test('what was imported is exported byte for byte', () => {
    const first = folder()
    const second = folder()
    const lora = { rank: 4, alpha: 3.5, modules: llamaModules, rsLora: true, dropout: 0.1 }
    const head: ParameterSet = new Map([
      ['value_head.weight', float32([1, 24], Float32Array.from({ length: 24 }, numbers(5)))],
      ['value_head.bias', float32([1], Float32Array.of(0.25))]
    ])
    const parameters = new Map([...random(llama, lora), ...head])
    saveAdapter(first, { lora, parameters, baseModel: '/models/base' })
    saveAdapter(second, { ...loadAdapter(first, llama), baseModel: '/models/base' })
    const files = readdirSync(first).sort()
    expect(files).toEqual(['adapter_config.json', 'adapter_model.safetensors', 'value_head.safetensors'])
    expect(readdirSync(second).sort()).toEqual(files)
    for (const name of files)
      expect(readFileSync(join(second, name)).equals(readFileSync(join(first, name))), name).toBe(true)
  })
})

function bytesOf(parameters: ParameterSet, name: string): Buffer {
  const data = parameters.get(name)?.data
  if (!data) throw new Error(`${name} is absent`)
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength)
}

describe('an adapter made elsewhere', () => {
  /** A folder as another program leaves it: 16-bit tensors, sorted by name, with its own settings. */
  function foreign(config: DecoderConfig, lora: Lora, dtype: HalfType, targets: unknown): string {
    const dir = folder()
    mkdirSync(dir)
    const sorted = [...random(config, lora)].sort(([a], [b]) => (a < b ? -1 : 1))
    const header = encodeSafetensorsHeader(
      sorted.map(([name, { shape, data }]) => ({ name, dtype, shape, bytes: 2 * data.length }))
    )
    const halves = sorted.map(([, tensor]) => narrowFloat32(dtype, floats(tensor)))
    const data = halves.map(
      ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength)
    )
    writeFileSync(join(dir, 'adapter_model.safetensors'), Buffer.concat([header, ...data]))
    const { rank: r, alpha: lora_alpha } = lora
    const settings = { peft_type: 'LORA', r, lora_alpha, target_modules: targets, fan_in_fan_out: true }
    writeFileSync(join(dir, 'adapter_config.json'), JSON.stringify(settings))
    return dir
  }
  const small = { rank: 2, alpha: 16, modules: ['q_proj', 'v_proj'] }

  test.each([
    ['F16', ['v_proj', 'q_proj']],
    ['BF16', ['self_attn.q_proj', 'self_attn.v_proj']],
    ['F16', ['model.layers.0.self_attn.q_proj', 'model.layers.0.self_attn.v_proj']],
    ['BF16', '.*\\.(q|v)_proj$'],
    ['F16', '(x+x+)+y']
  ] as const)('in %s, its modules given as %j', (dtype, targets) => {
    const adapter = loadAdapter(foreign(llama, small, dtype, targets), llama)
    expect(adapter.lora).toEqual(small)
    const exact = random(llama, small)
    for (const [name, tensor] of adapter.parameters) {
      const wanted = floats(exact.get(name) as never)
      floats(tensor).forEach((value, i) => expect(Math.abs(value - wanted[i])).toBeLessThan(2 ** -9))
    }
  })

  test('on all linear matrices, or on one of two that share a name', () => {
    const all = { rank: 1, alpha: 2, modules: ['c_attn', 'c_proj', 'c_fc'] }
    expect(loadAdapter(foreign(gpt2, all, 'F16', 'all-linear'), gpt2).lora).toEqual(all)
    const one = { rank: 1, alpha: 2, modules: ['mlp.c_proj'] }
    expect(loadAdapter(foreign(gpt2, one, 'F16', ['mlp.c_proj']), gpt2).lora).toEqual(one)
  })

  test('is refused if it adapts some layers only, or nothing that is known', () => {
    const two = randomModel({ layers: 2 }).config
    const dir = foreign(llama, small, 'F16', '.*layers\\.0\\..*')
    expect(failureOf(() => loadAdapter(dir, two))).toMatchObject({
      code: 'tensor-missing',
      message: expect.stringContaining('layers.1.self_attn.q_proj') as string
    })
    expect(
      failureOf(() => loadAdapter(foreign(gpt2, { ...small, modules: ['c_fc'] }, 'F16', 'x'), llama))
    ).toMatchObject({
      code: 'architecture-unsupported'
    })
  })
})
