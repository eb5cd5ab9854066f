import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { widenToFloat32 } from '../../../../src/engine/checkpoint/half-precision'
import { mergeModelFolder } from '../../../../src/engine/checkpoint/merge-model'
import { openModelFolder } from '../../../../src/engine/checkpoint/model-folder'
import { narrowFloat32, type HalfType } from '../../../../src/engine/checkpoint/narrow'
import type { Adapter } from '../../../../src/engine/checkpoint/peft'
import { encodeSafetensorsHeader, openSafetensors } from '../../../../src/engine/checkpoint/safetensors'
import { float32, floats, type HostTensor } from '../../../../src/engine/graph/tensor'
import { loraShapes } from '../../../../src/engine/models/parameters'
import { configJson, numbers, randomModel, writeModelFolder } from './random-model'
import { failureOf, scratchFolder } from './scratch'

const root = scratchFolder()
const model = randomModel()
const { config } = model
const lora = { rank: 4, alpha: 6, modules: ['q_proj', 'down_proj'], rsLora: true }
const next = numbers(6)
const adapter: Adapter = {
  lora,
  parameters: new Map(
    [...loraShapes(config, lora)].map(([name, shape]) => [
      name,
      float32(
        shape,
        Float32Array.from({ length: shape[0] * shape[1] }, () => next() - 0.5)
      )
    ])
  )
}
const query = 'model.layers.1.self_attn.q_proj'

/** W + alpha / √rank · B·A, element by element in double precision. */
function expectedSum(weight: Float32Array): number[] {
  const half = (which: string) =>
    floats(adapter.parameters.get(`base_model.model.${query}.lora_${which}.weight`) as HostTensor)
  const [a, b, scale] = [half('A'), half('B'), 6 / 2]
  return [...weight].map((value, i) => {
    const [row, column] = [Math.floor(i / 24), i % 24]
    return [0, 1, 2, 3].reduce((sum, r) => sum + scale * b[row * 4 + r] * a[r * 24 + column], value)
  })
}

/** A folder of two files in a 16-bit type, with an index, a tokenizer and a mask of bytes that the model does not use. */
function shardedFolder(name: string, dtype: HalfType): string {
  const dir = join(root, name)
  mkdirSync(dir)
  const tensors = [...model.tensors].map(([key, tensor]) => ({
    key,
    tensor,
    halves: narrowFloat32(dtype, floats(tensor))
  }))
  const files = [tensors.slice(0, 9), tensors.slice(9)]
  files.forEach((part, index) => {
    const described = part.map(({ key, tensor, halves }) => ({
      ...{ name: key, dtype, shape: tensor.shape, bytes: halves.byteLength }
    }))
    const extra = { name: `mask.${index}`, dtype: 'U8', shape: [3], bytes: 3 }
    const pieces = [
      encodeSafetensorsHeader([...described, extra], { format: 'pt', part: String(index) }),
      ...part.map(({ halves }) => new Uint8Array(halves.buffer)),
      Uint8Array.of(7, 8, 9)
    ]
    writeFileSync(join(dir, `model-0000${index + 1}-of-00002.safetensors`), Buffer.concat(pieces))
  })
  const map = files.flatMap((part, index) =>
    part.map(({ key }) => [key, `model-0000${index + 1}-of-00002.safetensors`] as const)
  )
  writeFileSync(
    join(dir, 'model.safetensors.index.json'),
    JSON.stringify({ weight_map: Object.fromEntries(map) })
  )
  const json = { ...configJson(config as never), torch_dtype: dtype === 'F16' ? 'float16' : 'bfloat16' }
  writeFileSync(join(dir, 'config.json'), JSON.stringify(json))
  writeFileSync(join(dir, 'tokenizer.json'), '{"a":1}')
  writeFileSync(join(dir, 'notes.txt'), 'not part of the model')
  return dir
}

const tensorBytes = (file: string, name: string): Uint8Array => {
  const opened = openSafetensors(file)
  try {
    const entry = opened.entries.get(name)
    return entry ? opened.readBytes(entry.begin, entry.end) : new Uint8Array()
  } finally {
    opened.close()
  }
}

describe('merging a model on the disk', () => {
  test.each(['F16', 'BF16'] as const)('keeps files and types, and rounds sums to the nearest %s', (dtype) => {
    const dir = shardedFolder(`sharded-${dtype}`, dtype)
    const before = readdirSync(dir).map((name) => [name, readFileSync(join(dir, name)).toString('base64')])
    const out = join(root, `merged-${dtype}`)
    const result = mergeModelFolder({ model: dir, adapter, out, dtype: 'stored' })
    expect(result.changed).toBe(4)
    expect(readdirSync(out).sort()).toEqual(
      [...result.files, 'config.json', 'model.safetensors.index.json', 'tokenizer.json'].sort()
    )
    expect(readFileSync(join(out, 'config.json'))).toEqual(readFileSync(join(dir, 'config.json')))
    let second = ''
    for (const name of result.files) {
      const [source, merged] = [openSafetensors(join(dir, name)), openSafetensors(join(out, name))]
      expect([...merged.entries.values()]).toEqual([...source.entries.values()])
      expect(merged.metadata).toEqual(source.metadata)
      if (merged.entries.has(`${query}.weight`)) second = name
      for (const key of merged.entries.keys())
        if (!/q_proj|down_proj/.test(key))
          expect(tensorBytes(join(out, name), key), key).toEqual(tensorBytes(join(dir, name), key))
      source.close()
      merged.close()
    }
    const stored = (folder: string) =>
      widenToFloat32(
        dtype,
        new Uint16Array(tensorBytes(join(folder, second), `${query}.weight`).slice().buffer)
      )
    const nearest = narrowFloat32(dtype, Float32Array.from(expectedSum(stored(dir))))
    expect([...stored(out)]).toEqual([...widenToFloat32(dtype, nearest)])
    expect(readdirSync(dir).map((name) => [name, readFileSync(join(dir, name)).toString('base64')])).toEqual(
      before
    )
  })

  test('widens to F32, and says so in config.json', async () => {
    const dir = shardedFolder('to-widen', 'BF16')
    const out = join(root, 'widened')
    mergeModelFolder({ model: dir, adapter, out, dtype: 'f32' })
    const json = JSON.parse(readFileSync(join(out, 'config.json'), 'utf8')) as Record<string, unknown>
    expect(json.torch_dtype).toBe('float32')
    const [from, to] = [await openModelFolder(dir), await openModelFolder(out)]
    const weight = floats(to.tensors.get(`${query}.weight`) as HostTensor)
    expectedSum(floats(from.tensors.get(`${query}.weight`) as HostTensor)).forEach((value, i) => {
      expect(weight[i]).toBe(Math.fround(value))
    })
    expect(to.tensors.get('model.norm.weight')).toEqual(from.tensors.get('model.norm.weight'))
  })

  test('writes nothing when a sum does not fit, the place is taken, or the work is stopped', () => {
    const dir = shardedFolder('large', 'F16')
    const huge: Adapter = { ...adapter, lora: { ...lora, alpha: 1e6 } }
    const out = join(root, 'too-large')
    expect(
      failureOf(() => mergeModelFolder({ model: dir, adapter: huge, out, dtype: 'stored' }))
    ).toMatchObject({
      code: 'bad-input',
      message: expect.stringMatching(/q_proj.*does not fit F16; merge with --dtype f32/) as string
    })
    expect(
      failureOf(() => mergeModelFolder({ model: dir, adapter, out: dir, dtype: 'stored' }))
    ).toMatchObject({
      code: 'bad-input'
    })
    const stop = () => {
      throw new Error('stop')
    }
    expect(() => mergeModelFolder({ model: dir, adapter, out, dtype: 'stored', onPiece: stop })).toThrow(
      'stop'
    )
    expect(readdirSync(root).filter((name) => name.includes('too-large'))).toEqual([])
  })

  test('tells how far it is, up to the last byte', () => {
    const dir = writeModelFolder(join(root, 'single'), model)
    const told: (readonly [number, number])[] = []
    const out = join(root, 'told')
    const { bytes, files } = mergeModelFolder({
      model: dir,
      adapter,
      out,
      dtype: 'stored',
      onPiece: (...at) => void told.push(at)
    })
    expect(files).toEqual(['model.safetensors'])
    expect(told.map(([done]) => done)).toEqual(told.map(([done]) => done).sort((a, b) => a - b))
    expect(told.every(([, total]) => total === bytes)).toBe(true)
    expect(told.at(-1)?.[0]).toBeGreaterThanOrEqual(bytes)
  })
})
