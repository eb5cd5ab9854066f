import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import fc from 'fast-check'
import { openModelFolder, type ModelFolder } from '../../../../src/engine/checkpoint/model-folder'
import { loadAdapter, saveAdapter } from '../../../../src/engine/checkpoint/peft'
import { encodeSafetensors } from '../../../../src/engine/checkpoint/safetensors'
import { loadCheckpoint, saveCheckpoint } from '../../../../src/engine/checkpoint/training-checkpoint'
import { sameShape } from '../../../../src/engine/graph'
import type { Lora } from '../../../../src/engine/models/model'
import { checkpointShapes } from '../../../../src/engine/models/names'
import { loraParameters } from '../../../../src/engine/models/parameters'
import { newTrainingState } from '../../../../src/engine/optim/state'
import { createScorer } from '../../../../src/engine/rl/scorer'
import { openRuntime } from '../../../../src/engine/runtime/session'
import { openModelTokenizer } from '../../../../src/jobs/model/tokenizer'
import { randomModel, writeModelFolder } from '../../../pure/engine/checkpoint/random-model'
import { tinyModel } from '../../jobs/run/tiny-run'
import { jsonFileMutation, weightsMutation, type Mutation } from './mutations'

/** A folder whose files are mutated, and what opens it. */
export interface FuzzKind {
  /** Makes the sound folder. */
  prepare(dir: string): void
  /** New bytes of the files that a case changes. */
  readonly mutation: fc.Arbitrary<Readonly<Record<string, Mutation>>>
  /** After the files were written: what a hostile writer would put right besides. */
  readonly finish?: (dir: string) => void
  /** Opens the folder and uses it; throws an expected failure or nothing. */
  open(dir: string): Promise<void> | void
  /** What every sentence has to name; the folder when left out. */
  readonly names?: RegExp
}

const size = {
  vocabularySize: 7,
  hiddenSize: 4,
  intermediateSize: 6,
  heads: 2,
  keyValueHeads: 1,
  headSize: 2
}
const model = randomModel(size)
const lora: Lora = { rank: 2, alpha: 4, modules: ['q_proj', 'up_proj'] }
const adapter = loraParameters(model.config, lora, () => 1)

/** Mutations of some of these files, at least one. */
function filesOf(
  mutations: Readonly<Record<string, fc.Arbitrary<Mutation>>>
): fc.Arbitrary<Readonly<Record<string, Mutation>>> {
  const single = Object.entries(mutations).map(([name, mutation]) => mutation.map((one) => ({ [name]: one })))
  const all = fc.record({ ...mutations })
  return single.length === 1 ? single[0] : fc.oneof(...single, all)
}

/** Models that opened are run as well, but only so many: opening a session takes longer than all the rest. */
let runsLeft = 60

async function openAndRun(dir: string): Promise<void> {
  const opened = await openModelFolder(dir)
  for (const [name, shape] of checkpointShapes(opened.config)) {
    const tensor = opened.tensors.get(name)
    if (!tensor || !sameShape(tensor.shape, shape))
      throw new Error(`${name} is not as its configuration says.`)
  }
  if (runsLeft-- > 0) await forward(opened)
}

async function forward(opened: ModelFolder): Promise<void> {
  const length = Math.min(3, opened.config.contextLength)
  if (length < 2) return
  const runtime = openRuntime({ device: 'cpu', threads: 1, spinning: false })
  const shape = { model: opened, trainable: { kind: 'none' } as const, runtime, batch: 1, length }
  const scorer = await createScorer(shape)
  const ids = new BigInt64Array(length)
  await scorer.score({ ids, temperature: 1, parameters: new Map() })
  await scorer.release()
}

function useTokenizer(dir: string): void {
  const { tokenizer } = openModelTokenizer(dir, { ...model.config, vocabularySize: 4_000_001 })
  const text = 'the cat 🙂 sat\n  down'
  const ids = tokenizer.encode(text)
  tokenizer.withOffsets(text)
  tokenizer.decode(ids)
  for (const id of ids) tokenizer.tokenText(id)
  tokenizer.prompt([{ role: 'user', content: text }], 'none')
  if (tokenizer.hasChatTemplate) tokenizer.prompt([{ role: 'user', content: text }], 'tokenizer')
}

/** Tokenizers of each sort that are at hand; only the first is always. */
const root = resolve(import.meta.dirname, '../../../..')
const tokenizerFolders = [
  join(root, 'resources/starter-model'),
  ...['stories260K', 'gpt2-tokenizer'].map((name) => join(root, '../shared/models', name))
]

function prepareTokenizer(dir: string, which: number): void {
  const there = tokenizerFolders.filter((folder) => existsSync(join(folder, 'tokenizer.json')))
  tinyModel(dir)
  const from = [null, ...there][which % (there.length + 1)]
  if (!from) return
  for (const name of ['tokenizer.json', 'tokenizer_config.json'])
    if (existsSync(join(from, name))) cpSync(join(from, name), join(dir, name))
  const settings = join(dir, 'tokenizer_config.json')
  const template =
    "{% for message in messages %}{{ message.role }}: {{ message['content'] }}\n{% endfor %}{{ eos_token }}"
  const json = JSON.parse(readFileSync(settings, 'utf8')) as object
  writeFileSync(settings, JSON.stringify({ chat_template: template, ...json }))
}

const tokenizerKind = (which: number, name: string): FuzzKind => ({
  prepare: (dir) => prepareTokenizer(dir, which),
  mutation: filesOf({ [name]: jsonFileMutation }),
  open: useTokenizer,
  names: /tokenizer|template|prompt/
})

/** A model cut into two files with an index, as large models come. */
function prepareShards(dir: string): void {
  writeModelFolder(dir, model)
  const tensors = [...model.tensors]
  const half = Math.floor(tensors.length / 2)
  const map: Record<string, string> = {}
  for (const [number, part] of [tensors.slice(0, half), tensors.slice(half)].entries()) {
    const name = `model-0000${number + 1}-of-00002.safetensors`
    writeFileSync(join(dir, name), Buffer.concat(encodeSafetensors(new Map(part))))
    for (const [tensor] of part) map[tensor] = name
  }
  writeFileSync(
    join(dir, 'model.safetensors.index.json'),
    JSON.stringify({ metadata: { total_size: 1 }, weight_map: map })
  )
  // A single file would come first.
  rmSync(join(dir, 'model.safetensors'))
}

const checkpointFiles = {
  'adapter_model.safetensors': weightsMutation,
  'optimizer.safetensors': weightsMutation,
  'adapter_config.json': jsonFileMutation,
  'counters.json': jsonFileMutation,
  'manifest.json': jsonFileMutation
}

/** Makes the manifest agree with what the files hold now, as somebody who means harm would. */
function sealAgain(dir: string): void {
  const file = join(dir, 'manifest.json')
  const files: Record<string, { bytes: number; sha256: string }> = {}
  for (const name of Object.keys(checkpointFiles)) {
    if (name === 'manifest.json') continue
    const bytes = readFileSync(join(dir, name))
    files[name] = { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
  }
  writeFileSync(file, JSON.stringify({ version: 1, files }))
}

function prepareCheckpoint(dir: string): void {
  const counters = { step: 3, run: { hashes: {} }, next: { data: ['a'] }, loop: { klCoefficient: 0.1 } }
  saveCheckpoint(dir, { state: newTrainingState(adapter), lora, counters })
}

/** Opens a checkpoint and takes for granted what `loadCheckpoint` promises of it. */
function useCheckpoint(dir: string): void {
  const { state, lora: found, counters } = loadCheckpoint(dir)
  if (!found) throw new Error('It has become a checkpoint of every weight.')
  if (!Number.isInteger(state.step) || state.step < 0) throw new Error(`It is at step ${state.step}.`)
  if (typeof counters !== 'object' || counters === null) throw new Error('It has no counters.')
  for (const [name, { shape, data }] of state.parameters)
    for (const set of [state.first, state.second]) {
      const moment = set.get(name)
      if (!moment || !sameShape(moment.shape, shape) || moment.data.length !== data.length)
        throw new Error(`${name} has no moment.`)
    }
}

/** A small model of another family, from the golden files. */
const familyKind = (folder: string): FuzzKind => ({
  prepare: (dir) => {
    mkdirSync(dir, { recursive: true })
    for (const name of ['config.json', 'model.safetensors'])
      cpSync(join(root, 'tests/golden/families', folder, name), join(dir, name))
  },
  mutation: filesOf({ 'config.json': jsonFileMutation, 'model.safetensors': weightsMutation }),
  open: openAndRun
})

const { 'manifest.json': _, ...sealedFiles } = checkpointFiles

export const fuzzKinds: Readonly<Record<string, FuzzKind>> = {
  weights: {
    prepare: (dir) => void writeModelFolder(dir, model),
    mutation: filesOf({ 'model.safetensors': weightsMutation }),
    open: openAndRun
  },
  config: {
    prepare: (dir) => void writeModelFolder(dir, model),
    mutation: filesOf({ 'config.json': jsonFileMutation }),
    open: openAndRun
  },
  model: {
    prepare: (dir) => void writeModelFolder(dir, model),
    mutation: filesOf({ 'model.safetensors': weightsMutation, 'config.json': jsonFileMutation }),
    open: openAndRun
  },
  shards: {
    prepare: prepareShards,
    mutation: filesOf({
      'model.safetensors.index.json': jsonFileMutation,
      'model-00001-of-00002.safetensors': weightsMutation
    }),
    open: openAndRun
  },
  mistral: familyKind('mistral-window'),
  qwen3: familyKind('qwen3-tied'),
  'gpt-2': familyKind('gpt2-odd'),
  'phi-3': familyKind('phi3'),
  'gpt-neox': familyKind('neox-parallel'),
  gemma3: familyKind('gemma3-pattern'),
  adapter: {
    prepare: (dir) => saveAdapter(dir, { lora, parameters: adapter, baseModel: '' }),
    mutation: filesOf({
      'adapter_model.safetensors': weightsMutation,
      'adapter_config.json': jsonFileMutation
    }),
    open: (dir) => void loadAdapter(dir, model.config)
  },
  checkpoint: { prepare: prepareCheckpoint, mutation: filesOf(checkpointFiles), open: useCheckpoint },
  'sealed-checkpoint': {
    prepare: prepareCheckpoint,
    mutation: filesOf(sealedFiles),
    finish: sealAgain,
    open: useCheckpoint
  },
  'tokenizer-tiny': tokenizerKind(0, 'tokenizer.json'),
  'tokenizer-starter': tokenizerKind(1, 'tokenizer.json'),
  'tokenizer-stories': tokenizerKind(2, 'tokenizer.json'),
  // 50,000 tokens: half a second a case.
  'tokenizer-large': tokenizerKind(3, 'tokenizer.json'),
  'tokenizer-config': tokenizerKind(1, 'tokenizer_config.json')
}

/** Copies the sound folder and mutates its files. */
export function writeCase(
  { finish }: FuzzKind,
  sound: string,
  target: string,
  mutations: Readonly<Record<string, Mutation>>
): void {
  mkdirSync(target, { recursive: true })
  cpSync(sound, target, { recursive: true })
  for (const [name, mutate] of Object.entries(mutations))
    writeFileSync(join(target, name), mutate(readFileSync(join(sound, name))))
  finish?.(target)
}
