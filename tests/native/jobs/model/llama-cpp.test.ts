import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Llama, Token } from 'node-llama-cpp'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { readGgufModel } from '../../../../src/engine/checkpoint/gguf/model'
import {
  integers,
  string,
  strings,
  uint32,
  type GgufMetadata
} from '../../../../src/engine/checkpoint/gguf/values'
import { writeGguf } from '../../../../src/engine/checkpoint/gguf/write'
import { openModelFolder } from '../../../../src/engine/checkpoint/model-folder'
import { openRuntime } from '../../../../src/engine/runtime/session'
import { exportModel } from '../../../../src/jobs/model/export'
import { forwardLogits } from '../../../../src/jobs/model/logits'
import { generateSamples } from '../../../../src/jobs/model/generate'
import { openModelTokenizer } from '../../../../src/jobs/model/tokenizer'
import { scratchFolder } from '../../../pure/engine/checkpoint/scratch'
import { lacksShared, sharedPath } from '../../../shared-data'
import { familyGolden } from '../../engine/support/family-golden'

/** llama.cpp's own binary for this machine, from the registry; there is one for CPUs of linux-x64. */
const binary = resolve(import.meta.dirname, '../../../../node_modules/@node-llama-cpp/linux-x64')
const context = { emit: () => undefined, takeControl: () => null }

describe.skipIf(!existsSync(binary))('a GGUF file in llama.cpp', () => {
  const root = scratchFolder()
  let llama: Llama

  beforeAll(async () => {
    const { getLlama, LlamaLogLevel } = await import('node-llama-cpp')
    const quiet = { progressLogs: false, logLevel: LlamaLogLevel.error, skipDownload: true } as const
    llama = await getLlama({ ...quiet, gpu: false, build: 'never' })
  })
  // Contexts and models go one by one; the program's end takes the rest.
  const opened: { dispose(): Promise<void> }[] = []
  afterEach(async () => {
    for (const one of opened.splice(0).reverse()) await one.dispose()
  })

  // One thread: several wait for each other by spinning, which takes for ever where cores are shared.
  async function load(modelPath: string) {
    const model = await llama.loadModel({ modelPath, useMmap: false })
    opened.push(model)
    const sequence = async () => {
      const context = await model.createContext({ contextSize: 256, threads: 1 })
      opened.push(context)
      return context.getSequence()
    }
    return { model, sequence }
  }

  const exported = async (model: string, type: 'f16' | 'q8_0', name: string): Promise<string> => {
    const out = join(root, `${name}-${type}.gguf`)
    const settings = { adapter: null, format: 'gguf', threads: 2, device: 'cpu' } as const
    await exportModel({ kind: 'export', model, out, type, ...settings }, context)
    return out
  }

  async function greedy(file: string, prompt: readonly number[], count: number): Promise<number[]> {
    const { sequence } = await load(file)
    const ids: number[] = []
    for await (const id of (await sequence()).evaluate([...prompt] as Token[], { temperature: 0 })) {
      ids.push(id)
      if (ids.length === count) break
    }
    return ids
  }

  test.skipIf(lacksShared('models/stories260K')).each(['f16', 'q8_0'] as const)(
    'stories260K as %s tells the same story, and cuts text into the same tokens',
    async (type) => {
      const dir = sharedPath('models/stories260K')
      const file = await exported(dir, type, 'stories')
      const { greedy_ids: expected } = JSON.parse(
        readFileSync(join(dir, 'expected-greedy.json'), 'utf8')
      ) as {
        greedy_ids: number[]
      }
      expect(await greedy(file, [1], 60)).toEqual(expected.slice(1))
      await sameTokens(dir, file)
    }
  )

  test('the starter model, byte-level, answers and cuts text as ours does', async () => {
    const dir = resolve(import.meta.dirname, '../../../../resources/starter-model')
    const file = await exported(dir, 'f16', 'starter')
    await sameTokens(dir, file)
    const { config } = await openModelFolder(dir)
    const prompt = openModelTokenizer(dir, config).tokenizer.encode('The bridge')
    const { sequences } = await generateSamples({ model: dir, prompt, maxNewTokens: 40, greedy: true })
    const ours = sequences[0].ids.filter((id) => !config.endTokens.includes(id))
    expect(await greedy(file, prompt, ours.length)).toEqual(ours)
  })

  async function sameTokens(dir: string, file: string): Promise<void> {
    const { model } = await load(file)
    const { tokenizer } = openModelTokenizer(dir, (await openModelFolder(dir)).config)
    for (const text of ['Once upon a time', ' two  spaces, ñandú 🙂', "it's 12,345\n\nlines\t", 'ÀÉÎ'])
      expect([...model.tokenize(text)], text).toEqual(tokenizer.encode(text))
  }

  // Biases, heads of another size, tied and untied, three kinds of rotation, and PyTorch's word for our own logits.
  test.each([
    ...['llama-1', 'llama-3-scaled', 'llama-biases-sharded', 'llama-f16-rslora'],
    ...['mistral-window', 'qwen2-unused-window', 'qwen3-tied', 'smollm-bf16']
  ])('%s gives the probabilities that our engine gives', async (name) => {
    const { dir } = familyGolden(name)
    const { config } = await openModelFolder(dir)
    const file = join(root, `${name}.gguf`)
    const tokenizer = emptyTokenizer(config.vocabularySize)
    writeGguf({ model: dir, adapter: null, out: file, type: 'F16', name, tokenizer })
    const { model, sequence } = await load(file)
    const ids = Array.from({ length: Math.min(12, model.trainContextSize) }, (_, t) => (7 * t + 5) % 40)
    const runtime = openRuntime({ device: 'cpu', threads: 2 })
    const read = { model: readGgufModel(file, config), trainable: { kind: 'none' }, runtime } as const
    const logits = await forwardLogits({ ...read, parameters: new Map() }, ids)

    const asked = ids.map((id) => [id as Token, { generateNext: { probabilities: true } }] as const)
    const answers = await (await sequence()).controlledEvaluate(asked.map(([id, what]) => [id, { ...what }]))
    answers.forEach((answer, t) => {
      const size = config.vocabularySize
      const ours = softmax(logits.subarray(t * size, (t + 1) * size))
      const theirs = answer?.next.probabilities
      expect(theirs?.size).toBe(size)
      // llama.cpp keeps keys and values in F16.
      for (const [id, probability] of theirs ?? [])
        expect(Math.abs(probability - ours[id])).toBeLessThan(5e-3)
    })
  })
})

function softmax(logits: Float32Array): number[] {
  const largest = Math.max(...logits)
  const powers = Array.from(logits, (logit) => Math.exp(logit - largest))
  const sum = powers.reduce((total, power) => total + power, 0)
  return powers.map((power) => power / sum)
}

/** Tokens that nobody asks for, so that a model without a tokenizer loads. */
function emptyTokenizer(size: number): GgufMetadata {
  const names = Array.from({ length: size }, (_, id) => (id === 3 ? 'Ċ' : `t${id}`))
  const ordinary = names.map(() => 1)
  return new Map([
    ['tokenizer.ggml.model', string('gpt2')],
    ['tokenizer.ggml.pre', string('gpt-2')],
    ['tokenizer.ggml.tokens', strings(names)],
    ['tokenizer.ggml.merges', strings(['t 1'])],
    ['tokenizer.ggml.token_type', integers(ordinary)],
    ['tokenizer.ggml.bos_token_id', uint32(1)],
    ['tokenizer.ggml.eos_token_id', uint32(2)]
  ])
}
