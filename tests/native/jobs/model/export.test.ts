import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { JobEvent, JobRequest } from '../../../../src/contract/job'
import { openModelFolder } from '../../../../src/engine/checkpoint/model-folder'
import { saveAdapter } from '../../../../src/engine/checkpoint/peft'
import { encodeSafetensors } from '../../../../src/engine/checkpoint/safetensors'
import { float32 } from '../../../../src/engine/graph'
import type { JobContext } from '../../../../src/jobs/context'
import { exportModel } from '../../../../src/jobs/model/export'
import { forwardLogits } from '../../../../src/jobs/model/logits'
import { openModel } from '../../../../src/jobs/model/open'
import { configJson, randomModel } from '../../../pure/engine/checkpoint/random-model'
import { scratchFolder } from '../../../pure/engine/checkpoint/scratch'
import { familyCases, familyGolden } from '../../engine/support/family-golden'

const root = scratchFolder()
const silent: JobContext = { emit: () => undefined, takeControl: () => null }
type ExportRequest = Extract<JobRequest, { kind: 'export' }>

const merge = (model: string, adapter: string, out: string, type: 'stored' | 'f32'): ExportRequest => ({
  ...{ kind: 'export', model, adapter, out, format: 'model', type, threads: 2, device: 'cpu' }
})

async function goldenWithAdapter(name: string) {
  const golden = familyGolden(name)
  const { config } = await openModelFolder(golden.dir)
  const adapter = join(root, `${name}-adapter`)
  const { lora } = golden
  saveAdapter(adapter, { lora, parameters: golden.parameters(config), baseModel: golden.dir })
  return { ...golden, config, adapter }
}

describe('merging, for every family', () => {
  const scaled = 'gemma3-bf16-layer-types'

  test('a model that computes otherwise in another type is not widened', async () => {
    const { dir, adapter } = await goldenWithAdapter(scaled)
    const asked = exportModel(merge(dir, adapter, join(root, 'wide'), 'f32'), silent)
    await expect(asked).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('--dtype stored') as string
    })
    const kept = await exportModel(merge(dir, adapter, join(root, 'kept'), 'stored'), silent)
    expect(kept.type).toBe('BF16')
  })

  test.each(familyCases().filter((name) => name !== scaled))(
    '%s: the merged model in F32 is what PyTorch says of the adapter',
    async (name) => {
      const { dir, adapter, ids, batch, length, adaptedLogits, config } = await goldenWithAdapter(name)
      const out = join(root, `${name}-merged`)
      const result = await exportModel(merge(dir, adapter, out, 'f32'), silent)
      expect(result).toMatchObject({ out, format: 'model', type: 'F32' })
      expect(result.largestLogitDifference).toBeLessThanOrEqual(1e-4)
      const merged = await openModel({ model: out })
      const size = length * config.vocabularySize
      for (let row = 0; row < batch; row++) {
        const part = [...ids.data.slice(row * length, (row + 1) * length)].map(Number)
        const logits = await forwardLogits(merged, part)
        let largest = 0
        logits.forEach(
          (logit, i) => (largest = Math.max(largest, Math.abs(logit - adaptedLogits[row * size + i])))
        )
        expect(largest).toBeLessThanOrEqual(1e-4)
      }
    }
  )
})

describe('merging', () => {
  test('keeps the stored types and files, and says by how much rounding moves the logits', async () => {
    const { dir, adapter } = await goldenWithAdapter('llama-biases-sharded')
    const out = join(root, 'stored')
    const { largestLogitDifference, tolerance } = await exportModel(
      merge(dir, adapter, out, 'stored'),
      silent
    )
    expect(largestLogitDifference).toBeLessThanOrEqual(tolerance)
    const weights = readdirSync(dir).filter((name) => name.includes('safetensors'))
    expect(readdirSync(out).sort()).toEqual([...weights, 'config.json'].sort())
    const [before, after] = [await openModelFolder(dir), await openModelFolder(out)]
    const unchanged = [...before.tensors].filter(
      ([name, tensor]) => Buffer.compare(bytes(tensor.data), bytes(after.tensors.get(name)?.data)) === 0
    )
    expect(unchanged.length).toBeLessThan(before.tensors.size)
    expect(unchanged.map(([name]) => name)).toContain('model.norm.weight')
  })

  test('of weights that are no numbers leaves nothing: what cannot be compared is not exported', async () => {
    const { config, tensors } = randomModel()
    const dir = join(root, 'broken')
    mkdirSync(dir)
    const broken = new Map(tensors)
    const name = 'model.layers.1.mlp.up_proj.weight'
    const { shape, data } = broken.get(name) ?? { shape: [], data: new Float32Array() }
    broken.set(name, float32(shape, Float32Array.from(data as Float32Array).fill(NaN, 3, 4)))
    writeFileSync(join(dir, 'config.json'), JSON.stringify(configJson({ ...config })))
    writeFileSync(join(dir, 'model.safetensors'), Buffer.concat(encodeSafetensors(broken)))
    const out = join(root, 'never')
    const request: ExportRequest = { ...merge(dir, '', out, 'f32'), adapter: null }
    await expect(exportModel(request, silent)).rejects.toMatchObject({ code: 'export-differs' })
    expect(readdirSync(root).filter((entry) => entry.includes('never'))).toEqual([])
  })

  test('names the model that was written, and refuses another than was meant', async () => {
    const { dir, adapter } = await goldenWithAdapter('llama-1')
    const [{ hash }, out] = [await openModelFolder(dir), join(root, 'meant')]
    const request = merge(dir, adapter, out, 'stored')
    const { sha256 } = await exportModel({ ...request, modelSha256: hash }, silent)
    expect(sha256).toBe((await openModelFolder(out)).hash)
    expect(sha256).not.toBe(hash)
    const other: ExportRequest = { ...request, out: join(root, 'not-meant'), modelSha256: sha256 }
    await expect(exportModel(other, silent)).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('has changed since') as string
    })
    expect(readdirSync(root).filter((entry) => entry.includes('not-meant'))).toEqual([])
  })

  test('stops when told to, and leaves nothing', async () => {
    const { dir, adapter } = await goldenWithAdapter('llama-1')
    const out = join(root, 'stopped')
    const context: JobContext = { ...silent, takeControl: () => 'stop' }
    await expect(exportModel(merge(dir, adapter, out, 'f32'), context)).rejects.toMatchObject({
      code: 'cancelled'
    })
    expect(readdirSync(root).filter((entry) => entry.includes('stopped'))).toEqual([])
  })

  test.each([
    ['model', 'f32'],
    ['gguf', 'f16']
  ] as const)('hears a stop between the tensors that it compares, %s', async (format, type) => {
    const dir = join(import.meta.dirname, '../../../../resources/starter-model')
    /** Exports, told to stop when it asks for the `stopAt`th time since it compares. @returns how often it asked */
    const exported = async (name: string, stopAt: number): Promise<number> => {
      const request = { ...merge(dir, '', join(root, name), 'f32'), adapter: null, format, type }
      let asked = 0
      let comparing = false
      const context: JobContext = {
        emit: (event) =>
          void (comparing ||= event.kind === 'progress' && event.progress.note === 'comparing'),
        takeControl: () => (comparing && ++asked === stopAt ? 'stop' : null)
      }
      const made = exportModel(request, context)
      await (stopAt === Infinity ? made : expect(made).rejects.toMatchObject({ code: 'cancelled' }))
      return asked
    }
    const all = await exported(`compared-${format}`, Infinity)
    const tensors = (await openModelFolder(dir)).tensors.size
    expect(all).toBeGreaterThan(2 * tensors) // of both sides
    for (const at of [2, all - 3]) expect(await exported(`stopped-late-${format}`, at)).toBe(at)
    expect(readdirSync(root).filter((entry) => entry.includes('stopped-late'))).toEqual([])
  })

  test('refuses a place that is taken, before it reads the weights', async () => {
    const { dir, adapter } = await goldenWithAdapter('llama-1')
    const events: JobEvent[] = []
    const context: JobContext = { ...silent, emit: (event) => void events.push(event) }
    await expect(exportModel(merge(dir, adapter, dir, 'f32'), context)).rejects.toMatchObject({
      code: 'bad-input'
    })
    expect(events).toEqual([])
    expect(existsSync(join(dir, 'model.safetensors'))).toBe(true)
  })
})

describe('an adapter alone', () => {
  test('is the same adapter, of the model that it belongs to', async () => {
    const { dir, adapter } = await goldenWithAdapter('llama-1')
    const out = join(root, 'adapter-alone')
    const request: ExportRequest = { ...merge(dir, adapter, out, 'stored'), format: 'adapter' }
    const result = await exportModel(request, silent)
    const weights = readFileSync(join(out, 'adapter_model.safetensors'))
    expect(result).toMatchObject({
      ...{ out, format: 'adapter', type: 'F32', bytes: weights.length, largestLogitDifference: 0 },
      sha256: createHash('sha256').update(weights).digest('hex')
    })
    expect(weights).toEqual(readFileSync(join(adapter, 'adapter_model.safetensors')))
    expect(JSON.parse(readFileSync(join(out, 'adapter_config.json'), 'utf8'))).toMatchObject({
      base_model_name_or_path: dir
    })
  })

  test('needs one', async () => {
    const { dir } = familyGolden('llama-1')
    const request = {
      ...merge(dir, '', join(root, 'none'), 'stored'),
      adapter: null,
      format: 'adapter'
    } as const
    await expect(exportModel(request, silent)).rejects.toMatchObject({ code: 'bad-input' })
  })
})

describe('GGUF', () => {
  test('of a model without a tokenizer is refused with one sentence', async () => {
    const { dir } = familyGolden('llama-1')
    const request: ExportRequest = {
      ...merge(dir, '', join(root, 'no.gguf'), 'f32'),
      ...{ adapter: null, format: 'gguf', type: 'f16' }
    }
    await expect(exportModel(request, silent)).rejects.toMatchObject({ code: 'tokenizer-missing' })
  })

  test.each(['f16', 'q8_0'] as const)(
    'as %s with an adapter differs no more than rounding explains',
    async (type) => {
      const dir = join(import.meta.dirname, '../../../../resources/starter-model')
      const model = await openModelFolder(dir)
      const adapter = join(root, `starter-adapter-${type}`)
      const lora = { rank: 2, alpha: 4, modules: ['q_proj', 'down_proj'] }
      const { loraParameters } = await import('../../../../src/engine/models/parameters')
      let turn = 0
      const parameters = new Map(
        [...loraParameters(model.config, lora, () => 0)].map(([name, { shape, data }]) => [
          name,
          float32(
            shape,
            Float32Array.from(data as Float32Array, () => 0.2 * Math.sin(turn++))
          )
        ])
      )
      saveAdapter(adapter, { lora, parameters, baseModel: dir })
      const out = join(root, `starter-${type}.gguf`)
      const request: ExportRequest = { ...merge(dir, adapter, out, 'f32'), format: 'gguf', type }
      const result = await exportModel(request, silent)
      expect(result.largestLogitDifference).toBeGreaterThan(0)
      expect(result.largestLogitDifference).toBeLessThanOrEqual(result.tolerance)
      expect(result.bytes).toBe(readFileSync(out).length)
      // The adapter is in it: without it the logits are elsewhere.
      const ids = [0, 5, 6, 7]
      const plain = await forwardLogits(await openModel({ model: dir }), ids)
      const adapted = await forwardLogits(await openModel({ model: dir, adapter }), ids)
      const moved = Math.max(...plain.map((logit, i) => Math.abs(logit - adapted[i])))
      expect(moved).toBeGreaterThan(result.tolerance)
    }
  )
})

const bytes = (data?: ArrayBufferView): Uint8Array =>
  data ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array()
