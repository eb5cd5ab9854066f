import * as nodeFiles from 'node:fs'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadAdapter } from '../../../../src/engine/checkpoint/peft'
import {
  latestCheckpoint,
  loadCheckpoint,
  pruneCheckpoints,
  saveCheckpoint,
  type TrainingCheckpoint
} from '../../../../src/engine/checkpoint/training-checkpoint'
import { float32, type ParameterSet } from '../../../../src/engine/graph/tensor'
import type { Lora } from '../../../../src/engine/models/model'
import { fullParameters, loraParameters, valueHeadParameters } from '../../../../src/engine/models/parameters'
import { numbers, randomModel } from './random-model'
import { failureOf, scratchFolder } from './scratch'

const root = scratchFolder()
const model = randomModel({ vocabularySize: 9, hiddenSize: 8, intermediateSize: 6, heads: 2 })
const lora: Lora = { rank: 2, alpha: 4, modules: ['q_proj', 'v_proj'] }
const next = numbers(4)
const filled = (parameters: ParameterSet): ParameterSet =>
  new Map(
    [...parameters].map(([name, { shape, data }]) => [
      name,
      float32(shape, Float32Array.from(data as Float32Array, next))
    ])
  )
const counters = { step: 7, dataPosition: [3, 1], kl: { coefficient: 0.1 }, note: 'ü' }

function checkpoint(kind: 'lora' | 'full', value = true): TrainingCheckpoint {
  const trained = kind === 'lora' ? loraParameters(model.config, lora, next) : fullParameters(model)
  const shapes = new Map([...trained, ...(value ? valueHeadParameters(model.config) : [])])
  const state = { parameters: filled(shapes), first: filled(shapes), second: filled(shapes), step: 14 }
  return { state, lora: kind === 'lora' ? lora : null, counters }
}

const inOrder = ({ state, ...rest }: TrainingCheckpoint) => ({
  ...rest,
  step: state.step,
  tensors: [state.parameters, state.first, state.second].map((set) => [...set])
})

describe('a checkpoint', () => {
  test.each([
    ['lora', true],
    ['lora', false],
    ['full', true],
    ['full', false]
  ] as const)('of %s (value head %s) comes back bit for bit, and is written alike twice', (kind, value) => {
    const [one, two] = [join(root, `${kind}-${value}`, '1'), join(root, `${kind}-${value}`, '2')]
    const original = checkpoint(kind, value)
    saveCheckpoint(one, original, '/base')
    const loaded = loadCheckpoint(one)
    expect(inOrder(loaded)).toEqual(inOrder(original))
    saveCheckpoint(two, loaded, '/base')
    for (const name of readdirSync(one)) {
      expect(readFileSync(join(two, name))).toEqual(readFileSync(join(one, name)))
    }
  })

  test('of an adapter is an adapter folder that PEFT and we can load', () => {
    const dir = join(root, 'as-adapter')
    const original = checkpoint('lora')
    saveCheckpoint(dir, original)
    expect(loadAdapter(dir, model.config)).toEqual({ lora, parameters: original.state.parameters })
  })

  test('with any byte of any file changed, cut off or missing is known as damaged', () => {
    const dir = join(root, 'whole')
    saveCheckpoint(dir, checkpoint('lora'))
    const codes = ['checkpoint-corrupt', 'bad-json', 'not-found', 'empty-file', 'architecture-unsupported']
    for (const name of readdirSync(dir)) {
      const bytes = readFileSync(join(dir, name))
      const damages: (() => void)[] = [() => rmSync(join(damaged, name))]
      for (const at of [0, 9, Math.floor(bytes.length / 2), bytes.length - 3]) {
        damages.push(() => {
          const changed = Buffer.from(bytes)
          changed[at] ^= 1
          writeFileSync(join(damaged, name), changed)
        })
        damages.push(() => writeFileSync(join(damaged, name), bytes.subarray(0, at)))
      }
      const damaged = join(root, 'damaged')
      for (const damage of damages) {
        cpSync(dir, damaged, { recursive: true })
        damage()
        const failure = failureOf(() => loadCheckpoint(damaged))
        expect(codes).toContain(failure.code)
        expect(failure.message).toContain(damaged)
        rmSync(damaged, { recursive: true })
      }
    }
  })

  test('that cannot be written whole leaves the one before', () => {
    const dir = join(root, 'full-disk', '5')
    const first = checkpoint('full')
    saveCheckpoint(dir, first)
    let written = 0
    const files = {
      ...nodeFiles,
      writeSync: ((descriptor: number, bytes: Uint8Array, offset: number, length: number) => {
        written += length
        if (written > 8_000) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
        return nodeFiles.writeSync(descriptor, bytes, offset, length)
      }) as typeof nodeFiles.writeSync
    }
    expect(failureOf(() => saveCheckpoint(dir, checkpoint('full'), '', files))).toMatchObject({
      code: 'disk-full'
    })
    expect(inOrder(loadCheckpoint(dir))).toEqual(inOrder(first))
    expect(readdirSync(join(root, 'full-disk'))).toEqual(['5'])
  })
})

describe('a folder of checkpoints', () => {
  const folder = join(root, 'checkpoints')

  test('gives the newest sound one, and tells what it skipped', () => {
    expect(latestCheckpoint(join(root, 'nothing'))).toBeNull()
    for (const step of [5, 25, 100]) saveCheckpoint(join(folder, String(step)), checkpoint('lora'))
    expect(latestCheckpoint(folder)).toMatchObject({ dir: join(folder, '100'), skipped: [] })
    const optimiser = join(folder, '100', 'optimizer.safetensors')
    writeFileSync(optimiser, readFileSync(optimiser).subarray(0, 500))
    mkdirSync(join(folder, '200'))
    const found = latestCheckpoint(folder)
    expect(found?.dir).toBe(join(folder, '25'))
    expect(found?.skipped.map(({ dir }) => dir)).toEqual([join(folder, '200'), join(folder, '100')])
    expect(found?.skipped[1].reason).toContain('optimizer.safetensors')
  })

  test('keeps the newest when pruned, and loses what a killed writer left', () => {
    mkdirSync(join(folder, '.300.new-123'))
    mkdirSync(join(folder, 'notes'))
    pruneCheckpoints(folder, 2)
    expect(readdirSync(folder).sort()).toEqual(['100', '200', 'notes'])
    pruneCheckpoints(join(root, 'nothing'), 2)
  })
})
