import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { saveModelFolder } from '../../../../src/engine/checkpoint/export-model'
import {
  checkVocabulary,
  openModelFolder,
  outlineModelFolder
} from '../../../../src/engine/checkpoint/model-folder'
import { encodeSafetensors } from '../../../../src/engine/checkpoint/safetensors'
import { float32, type HostTensor } from '../../../../src/engine/graph/tensor'
import { lacksShared, sharedPath } from '../../../shared-data'
import { randomModel, writeModelFolder } from './random-model'
import { failureOf, scratchFolder } from './scratch'

const root = scratchFolder()
let count = 0
const fresh = () => join(root, `model-${count++}`)
const model = randomModel()
const without = (name: string) => (tensors: Map<string, HostTensor>) => void tensors.delete(name)

/** Names, bytes, times and modes: what would tell of a write. */
const fingerprint = (dir: string) =>
  readdirSync(dir)
    .sort()
    .map((name) => {
      const { mtimeMs, ctimeMs, mode, size } = statSync(join(dir, name))
      const sha256 = createHash('sha256')
        .update(readFileSync(join(dir, name)))
        .digest('hex')
      return { name, mtimeMs, ctimeMs, mode, size, sha256 }
    })

describe('a sound folder', () => {
  test('gives configuration, tensors, count and hash', async () => {
    const dir = writeModelFolder(fresh(), model)
    const opened = await openModelFolder(dir)
    expect(opened.config).toEqual(model.config)
    expect([...opened.tensors]).toEqual([...model.tensors])
    expect(opened.parameters).toBe(
      [...model.tensors.values()].reduce((sum, { data }) => sum + data.length, 0)
    )
    const expected = createHash('sha256')
      .update(readFileSync(join(dir, 'config.json')))
      .update(readFileSync(join(dir, 'model.safetensors')))
    expect(opened.hash).toBe(expected.digest('hex'))
  })

  test('the hash changes with one weight', async () => {
    const [one, other] = [fresh(), fresh()]
    writeModelFolder(one, model)
    writeModelFolder(other, randomModel({}, 2))
    expect((await openModelFolder(one)).hash).not.toBe((await openModelFolder(other)).hash)
  })

  test('a tied head needs no tensor, and one that is there is left out', async () => {
    const tied = randomModel({ tiedEmbeddings: true })
    const dir = writeModelFolder(fresh(), tied, {
      tensors: (tensors) => tensors.set('lm_head.weight', float32([1], Float32Array.of(1)))
    })
    expect((await openModelFolder(dir)).tensors.has('lm_head.weight')).toBe(false)
  })

  test('may be split over several files by an index', async () => {
    const dir = writeModelFolder(fresh(), model)
    const all = [...model.tensors]
    const parts = { 'model-1.safetensors': all.slice(0, 7), 'model-2.safetensors': all.slice(7) }
    rmSync(join(dir, 'model.safetensors'))
    const map: Record<string, string> = {}
    for (const [file, tensors] of Object.entries(parts)) {
      writeFileSync(join(dir, file), Buffer.concat(encodeSafetensors(new Map(tensors))))
      for (const [name] of tensors) map[name] = file
    }
    writeFileSync(join(dir, 'model.safetensors.index.json'), JSON.stringify({ weight_map: map }))
    expect([...(await openModelFolder(dir)).tensors]).toEqual(all)
  })

  test('its outline is told without reading weights', async () => {
    const dir = writeModelFolder(fresh(), model)
    const outline = await outlineModelFolder(dir)
    expect(outline.config).toEqual(model.config)
    expect(outline.tensors).toHaveLength(model.tensors.size)
    expect(outline.weightBytes).toBe(4 * outline.parameters)
  })

  test.skipIf(lacksShared('models/stories260K'))('is not touched', async () => {
    const dir = sharedPath('models/stories260K')
    const before = fingerprint(dir)
    const { parameters } = await openModelFolder(dir)
    await outlineModelFolder(dir)
    expect(parameters).toBe(260_032)
    expect(fingerprint(dir)).toEqual(before)
  })
})

describe('an unsound folder gives one sentence and its code', () => {
  const failure = async (dir: string) => {
    const thrown: unknown = await openModelFolder(dir).then(
      () => 'it opened',
      (error: unknown) => error
    )
    return thrown as { code: string; message: string }
  }

  test('a missing tensor, by name', async () => {
    const name = 'model.layers.1.mlp.up_proj.weight'
    const dir = writeModelFolder(fresh(), model, { tensors: without(name) })
    expect(await failure(dir)).toMatchObject({
      code: 'tensor-missing',
      message: `${dir} has no tensor "${name}", which its configuration asks for; copy the model again from its source.`
    })
  })

  test('a missing head where it is not tied', async () => {
    const dir = writeModelFolder(fresh(), model, { tensors: without('lm_head.weight') })
    expect(await failure(dir)).toMatchObject({ code: 'tensor-missing' })
  })

  test('a configuration that claims a billion layers, at once', async () => {
    const dir = writeModelFolder(fresh(), model, { config: { num_hidden_layers: 1e9 } })
    expect(await failure(dir)).toMatchObject({
      code: 'architecture-unsupported',
      message: expect.stringContaining('num_hidden_layers = 1000000000') as string
    })
  })

  test('a tensor of another shape', async () => {
    const dir = writeModelFolder(fresh(), model, { config: { intermediate_size: 21 } })
    const { code, message } = await failure(dir)
    expect(code).toBe('checkpoint-corrupt')
    expect(message).toMatch(
      /model\.safetensors: tensor ".*gate_proj.weight" has the shape \[20, 24\] where \[21, 24\]/
    )
  })

  test('an unknown rope field, and a model of another kind, naming the file', async () => {
    for (const config of [{ rope_scaling: { rope_type: 'default', twist: 2 } }, { model_type: 'gpt2' }]) {
      const dir = writeModelFolder(fresh(), model, { config })
      const { code, message } = await failure(dir)
      expect(code).toBe('architecture-unsupported')
      expect(message).toContain(join(dir, 'config.json'))
    }
  })

  test('no folder, a file, an empty folder, broken configurations', async () => {
    expect(await failure(join(root, 'nowhere'))).toMatchObject({ code: 'not-found' })
    const file = join(root, 'file')
    writeFileSync(file, '')
    expect(await failure(file)).toMatchObject({ code: 'not-found' })
    const dir = fresh()
    mkdirSync(dir)
    expect(await failure(dir)).toMatchObject({ code: 'not-found' })
    writeFileSync(join(dir, 'config.json'), '')
    expect(await failure(dir)).toMatchObject({ code: 'empty-file' })
    writeFileSync(join(dir, 'config.json'), '{"a":')
    expect(await failure(dir)).toMatchObject({ code: 'bad-json' })
    rmSync(join(dir, 'config.json'))
    mkdirSync(join(dir, 'config.json'))
    expect(await failure(dir)).toMatchObject({ code: 'not-a-file' })
  })

  test('weights that are missing, empty, a folder, or cut off', async () => {
    const dir = writeModelFolder(fresh(), model)
    const weights = join(dir, 'model.safetensors')
    const whole = readFileSync(weights)
    writeFileSync(weights, whole.subarray(0, whole.length - 1))
    expect(await failure(dir)).toMatchObject({ code: 'checkpoint-corrupt' })
    writeFileSync(weights, '')
    expect(await failure(dir)).toMatchObject({ code: 'empty-file' })
    rmSync(weights)
    expect(await failure(dir)).toMatchObject({ code: 'not-found' })
    mkdirSync(weights)
    expect(await failure(dir)).toMatchObject({ code: 'not-a-file' })
  })

  const sharded = (): { dir: string; map: Record<string, string>; write: () => void } => {
    const dir = writeModelFolder(fresh(), model)
    rmSync(join(dir, 'model.safetensors'))
    const all = [...model.tensors]
    const map: Record<string, string> = {}
    for (const [file, tensors] of Object.entries({ a: all.slice(0, 9), b: all.slice(9) })) {
      writeFileSync(join(dir, `${file}.safetensors`), Buffer.concat(encodeSafetensors(new Map(tensors))))
      for (const [name] of tensors) map[name] = `${file}.safetensors`
    }
    const write = () =>
      writeFileSync(join(dir, 'model.safetensors.index.json'), JSON.stringify({ weight_map: map }))
    return { dir, map, write }
  }

  test('an index that says otherwise than the files', async () => {
    const { dir, map, write } = sharded()
    map['model.norm.weight'] = 'a.safetensors'
    write()
    expect(await failure(dir)).toMatchObject({
      code: 'checkpoint-corrupt',
      message: expect.stringMatching(
        /"model.norm.weight" lies in a.safetensors, which does not hold/
      ) as string
    })
  })

  test('a tensor in two files, in none, and a file that is not there', async () => {
    const { dir, map, write } = sharded()
    write()
    const twice = new Map([...model.tensors].slice(8))
    writeFileSync(join(dir, 'b.safetensors'), Buffer.concat(encodeSafetensors(twice)))
    const [name] = [...twice.keys()]
    expect(await failure(dir)).toMatchObject({
      code: 'checkpoint-corrupt',
      message: expect.stringContaining(`"${name}" in more than one file`) as string
    })
    writeFileSync(join(dir, 'b.safetensors'), Buffer.concat(encodeSafetensors(new Map([...twice].slice(2)))))
    expect(await failure(dir)).toMatchObject({
      code: 'tensor-missing',
      message: expect.stringContaining(`"${[...twice.keys()][1]}"`) as string
    })
    map.more = 'c.safetensors'
    write()
    expect(await failure(dir)).toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('c.safetensors') as string
    })
  })

  test('an index that points outside the folder', async () => {
    const dir = writeModelFolder(fresh(), model)
    rmSync(join(dir, 'model.safetensors'))
    for (const name of [
      ...['../model-0/model.safetensors', '/etc/passwd', 'weights.bin', 7],
      ...['..\\model.safetensors', 'a/b.safetensors', 'a\0.safetensors', '.safetensors']
    ]) {
      writeFileSync(join(dir, 'model.safetensors.index.json'), JSON.stringify({ weight_map: { a: name } }))
      expect(await failure(dir)).toMatchObject({ code: 'checkpoint-corrupt' })
    }
    for (const json of ['{}', 'null', '{"weight_map":{}}']) {
      writeFileSync(join(dir, 'model.safetensors.index.json'), json)
      expect(await failure(dir)).toMatchObject({ code: 'checkpoint-corrupt' })
    }
  })

  test('a tokenizer with more tokens than the model', () => {
    checkVocabulary('here', model.config, 37)
    expect(failureOf(() => checkVocabulary('here', model.config, 38))).toEqual({
      code: 'vocabulary-mismatch',
      message:
        'The tokenizer in here has 38 tokens and the model 37; use the tokenizer that came with the model.'
    })
  })
})

describe('exporting a trained model', () => {
  test('a new folder with tokenizer and changed weights; the source stays', async () => {
    const source = writeModelFolder(fresh(), model, { config: { torch_dtype: 'bfloat16' } })
    writeFileSync(join(source, 'tokenizer.json'), '{}')
    writeFileSync(join(source, 'notes.txt'), 'not part of the model')
    const before = fingerprint(source)
    const trained = randomModel({}, 3)
    const parameters = new Map([
      ...trained.tensors,
      ['value_head.weight', float32([1, 24], new Float32Array(24))],
      ['value_head.bias', float32([1], new Float32Array(1))]
    ])
    const target = fresh()
    saveModelFolder(target, { source, parameters })
    const opened = await openModelFolder(target)
    expect([...opened.tensors]).toEqual([...trained.tensors])
    expect(opened.config.dtype).toBe('float32')
    expect(readdirSync(target).sort()).toEqual(['config.json', 'model.safetensors', 'tokenizer.json'])
    expect(fingerprint(source)).toEqual(before)
  })

  test('never over a folder that exists', () => {
    const source = writeModelFolder(fresh(), model)
    const before = fingerprint(source)
    expect(failureOf(() => saveModelFolder(source, { source, parameters: new Map() }))).toMatchObject({
      code: 'bad-input'
    })
    expect(fingerprint(source)).toEqual(before)
  })
})
