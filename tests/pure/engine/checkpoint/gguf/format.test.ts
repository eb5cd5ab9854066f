import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { encodeGgufHeader, type GgufTensor } from '../../../../../src/engine/checkpoint/gguf/header'
import { ggufLayout, sourceRow } from '../../../../../src/engine/checkpoint/gguf/layout'
import { checkGgufWeights, readGgufModel } from '../../../../../src/engine/checkpoint/gguf/model'
import { openGguf } from '../../../../../src/engine/checkpoint/gguf/read'
import { ggufSettings, ropeFactors } from '../../../../../src/engine/checkpoint/gguf/settings'
import { tensorTypes } from '../../../../../src/engine/checkpoint/gguf/tensor-types'
import { string, uint32, type GgufValue } from '../../../../../src/engine/checkpoint/gguf/values'
import { writeGguf } from '../../../../../src/engine/checkpoint/gguf/write'
import { parseConfig } from '../../../../../src/engine/models/families'
import { configJson, numbers, randomModel, writeModelFolder } from '../random-model'
import { failureOf, scratchFolder } from '../scratch'

const root = scratchFolder()

/** The bytes of a file, written down from docs/gguf.md of ggml: one key, one tensor [3, 2] in F32. */
const written = [
  ...Buffer.from('GGUF'),
  ...[3, 0, 0, 0], // version
  ...[1, 0, 0, 0, 0, 0, 0, 0], // tensors
  ...[1, 0, 0, 0, 0, 0, 0, 0], // keys
  ...[1, 0, 0, 0, 0, 0, 0, 0, ...Buffer.from('k')],
  ...[8, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, ...Buffer.from('ab')], // a text
  ...[1, 0, 0, 0, 0, 0, 0, 0, ...Buffer.from('t')],
  ...[2, 0, 0, 0], // axes, the innermost first
  ...[2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0],
  ...[0, 0, 0, 0], // F32
  ...[0, 0, 0, 0, 0, 0, 0, 0] // offset
]
const tensor: GgufTensor = { name: 't', type: 'F32', shape: [3, 2] }

describe('a GGUF file', () => {
  test('has the bytes of the specification, padded to 32', () => {
    const header = encodeGgufHeader(new Map([['k', string('ab')]]), [tensor])
    expect([...header.subarray(0, written.length)]).toEqual(written)
    expect(header.length).toBe(96)
    expect(header.subarray(written.length).every((byte) => byte === 0)).toBe(true)
  })

  test('gives back every kind of value, and the tensors where they lie', () => {
    const values: GgufValue[] = [
      ...(['uint8', 'int8', 'uint16', 'int16', 'uint32', 'int32', 'uint64', 'int64'] as const).map(
        (type): GgufValue => ({ type, value: 100 })
      ),
      ...[{ type: 'float32', value: 0.5 } as const, { type: 'float64', value: 1e-9 } as const],
      ...[{ type: 'bool', value: true } as const, string('▁ñ🙂')],
      { type: 'array', of: 'string', value: ['', 'b'] },
      { type: 'array', of: 'float32', value: [-1, 0.25] },
      { type: 'array', of: 'bool', value: [true, false] },
      { type: 'array', of: 'int32', value: [] }
    ]
    const metadata = new Map(values.map((value, i): [string, GgufValue] => [`key.${i}`, value]))
    const second: GgufTensor = { name: 'second', type: 'F16', shape: [4] }
    const file = join(root, 'values.gguf')
    const numbersOf = Float32Array.of(1, 2, 3, 4, 5, 6)
    const halves = tensorTypes.F16.encode(Float32Array.of(1, -2, 0.5, 65_504)) as Uint8Array
    const first = Buffer.alloc(32)
    first.set(new Uint8Array(numbersOf.buffer))
    writeFileSync(file, Buffer.concat([encodeGgufHeader(metadata, [tensor, second]), first, halves]))
    const read = openGguf(file)
    expect([...read.metadata]).toEqual([...metadata])
    expect([...read.tensors.values()]).toEqual([tensor, second])
    expect([...read.read('t')]).toEqual([...numbersOf])
    expect([...read.read('second')]).toEqual([1, -2, 0.5, 65_504])
    read.close()
  })

  test('keeps Q8_0 as ggml does: a scale in F16 and 32 signed bytes', () => {
    const values = Float32Array.from({ length: 64 }, (_, i) => (i < 32 ? (i - 16) / 4 : 0))
    const bytes = tensorTypes.Q8_0.encode(values) as Uint8Array
    expect(bytes.length).toBe(68)
    // 4 / 127 = 0.031496 → the half 0x2808; element 0 is -4, that is -127.
    expect([bytes[0], bytes[1]]).toEqual([0x08, 0x28])
    expect(new Int8Array(bytes.buffer, 2, 3)).toEqual(Int8Array.of(-127, -119, -111))
    expect(bytes.subarray(34).every((byte) => byte === 0)).toBe(true)
    const back = tensorTypes.Q8_0.decode(bytes)
    values.forEach((value, i) => expect(Math.abs(value - back[i])).toBeLessThan(0.017))
  })

  test('that is damaged is refused with one sentence, wherever a byte changed', () => {
    const file = join(root, 'whole.gguf')
    writeFileSync(
      file,
      Buffer.concat([encodeGgufHeader(new Map([['k', string('ab')]]), [tensor]), Buffer.alloc(24)])
    )
    const whole = readFileSync(file)
    const damaged = join(root, 'damaged.gguf')
    const next = numbers(8)
    let refused = 0
    for (let turn = 0; turn < 600; turn++) {
      const copy = Buffer.from(whole)
      const place = Math.floor(next() * copy.length)
      copy[place] = Math.floor(next() * 256)
      writeFileSync(damaged, turn % 3 === 0 ? copy.subarray(0, place) : copy)
      try {
        const read = openGguf(damaged)
        for (const name of read.tensors.keys()) read.read(name)
        read.close()
      } catch (error) {
        expect(error).toMatchObject({ code: 'checkpoint-corrupt' })
        refused++
      }
    }
    expect(refused).toBeGreaterThan(300)
  })
})

describe('a model as GGUF', () => {
  const model = randomModel()
  const dir = writeModelFolder(join(root, 'model'), model)
  const write = (type: 'F16' | 'Q8_0', name: string): string => {
    const out = join(root, name)
    writeGguf({ model: dir, adapter: null, out, type, name: 'a model', tokenizer: new Map() })
    return out
  }

  test('has the names that llama.cpp looks for, and the settings', () => {
    const file = openGguf(write('F16', 'names.gguf'))
    expect([...file.tensors.keys()].filter((name) => !name.startsWith('blk.1.'))).toEqual([
      'token_embd.weight',
      ...[
        'attn_norm',
        'attn_q',
        'attn_k',
        'attn_v',
        'attn_output',
        'ffn_gate',
        'ffn_up',
        'ffn_down',
        'ffn_norm'
      ].map((name) => `blk.0.${name}.weight`),
      ...['output_norm.weight', 'output.weight']
    ])
    const { metadata } = file
    expect(metadata.get('general.architecture')).toEqual(string('llama'))
    expect(metadata.get('llama.attention.head_count_kv')).toEqual(uint32(2))
    expect(metadata.get('llama.rope.dimension_count')).toEqual(uint32(4))
    file.close()
  })

  test('interleaves the halves of each head of queries and keys', () => {
    // Two heads of size 4: rows 0 1 2 3 | 4 5 6 7 of the checkpoint become 0 2 1 3 | 4 6 5 7.
    expect([0, 1, 2, 3, 4, 5, 6, 7].map((row) => sourceRow(row, 8, 2))).toEqual([0, 2, 1, 3, 4, 6, 5, 7])
    const heads = ggufLayout(model.config).filter(({ heads }) => heads > 0)
    expect(heads.map(({ name, heads }) => [name, heads])).toEqual([
      ['blk.0.attn_q.weight', 6],
      ['blk.0.attn_k.weight', 2],
      ['blk.1.attn_q.weight', 6],
      ['blk.1.attn_k.weight', 2]
    ])
  })

  test('keeps matrices whose rows are no whole blocks in F16, and vectors in F32', () => {
    const wide = randomModel({
      hiddenSize: 64,
      headSize: 16,
      heads: 4,
      keyValueHeads: 2,
      intermediateSize: 20
    })
    const folder = writeModelFolder(join(root, 'wide'), wide)
    const out = join(root, 'wide.gguf')
    writeGguf({ model: folder, adapter: null, out, type: 'Q8_0', name: '', tokenizer: new Map() })
    const file = openGguf(out)
    const typeOf = (name: string) => file.tensors.get(name)?.type
    expect(typeOf('blk.0.ffn_up.weight')).toBe('Q8_0')
    expect(typeOf('blk.0.ffn_down.weight')).toBe('F16')
    expect(typeOf('blk.0.ffn_norm.weight')).toBe('F32')
    file.close()
    expect(() => checkGgufWeights(out, folder, null)).not.toThrow()
  })

  test('comes back tensor for tensor, and a changed weight is found', () => {
    const out = write('F16', 'back.gguf')
    const back = readGgufModel(out, model.config)
    for (const [name, { data }] of model.tensors) {
      const found = back.tensors.get(name)?.data as Float32Array
      ;(data as Float32Array).forEach((value, i) => {
        if (!(Math.abs(value - found[i]) <= 2 ** -11))
          expect.unreachable(`${name} ${i}: ${value} ${found[i]}`)
      })
    }
    expect(() => checkGgufWeights(out, dir, null)).not.toThrow()
    const bytes = readFileSync(out)
    bytes[bytes.length - 40] ^= 0x40
    writeFileSync(out, bytes)
    expect(failureOf(() => checkGgufWeights(out, dir, null))).toMatchObject({
      code: 'checkpoint-corrupt',
      message: expect.stringContaining('output.weight') as string
    })
  })

  test('says what Llama 3 divides its frequencies by', () => {
    const json = configJson({ ...(model.config as never as Parameters<typeof configJson>[0]), headSize: 64 })
    const scaling = { rope_type: 'llama3', factor: 8, low_freq_factor: 1, high_freq_factor: 4 }
    const config = parseConfig({
      ...json,
      rope_theta: 500_000,
      rope_scaling: { ...scaling, original_max_position_embeddings: 8192 }
    })
    const factors = ropeFactors(config) ?? []
    // Short waves are kept, long ones stretched by the factor, and between them it rises.
    expect(factors[0]).toBe(1)
    expect(factors[31]).toBeCloseTo(8, 5)
    expect([...factors]).toEqual([...factors].sort((a, b) => a - b))
    expect([...factors].some((factor) => factor > 1 && factor < 8)).toBe(true)
  })

  test.each([
    [
      'GPT2LMHeadModel',
      { model_type: 'gpt2', n_embd: 8, n_layer: 1, n_head: 2, n_positions: 16, vocab_size: 11 }
    ],
    ['Qwen3ForCausalLM', { ...configJson(model.config as never), model_type: 'qwen3', attention_bias: true }]
  ])('of %s with what llama.cpp does not compute is refused', (architecture, json) => {
    const config = parseConfig({ ...json, architectures: [architecture] })
    expect(failureOf(() => ggufSettings(config, '', 'F16'))).toMatchObject({
      code: 'architecture-unsupported'
    })
  })
})
