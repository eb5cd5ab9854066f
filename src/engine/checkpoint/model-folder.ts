import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { EngineFailure } from '../failure'
import { elementCount, sameShape, type Shape } from '../graph/tensor'
import type { DecoderConfig } from '../models/decoder-config'
import { parseConfig } from '../models/families'
import type { Model } from '../models/model'
import { checkpointShapes } from '../models/names'
import { HeldBase, type BaseOptions } from './base-form'
import { readJsonFile, readSmallFile, requireFolder } from './small-files'
import { openSafetensors, type Rename, type SafetensorsFile } from './safetensors'
import { wrongShape } from './safetensors-header'

/** A model in memory. */
export interface ModelFolder extends Model {
  readonly dir: string
  /** Count of weights; a tied head counts once. */
  readonly parameters: number
  /** SHA-256, hex, of config.json followed by the files of weights in the order of their names. */
  readonly hash: string
}

/** What the headers tell of a model, without its weights. */
export interface ModelOutline {
  readonly dir: string
  readonly config: DecoderConfig
  readonly parameters: number
  /** As the files have it; files may hold more than the model uses. */
  readonly tensors: readonly { readonly name: string; readonly dtype: string; readonly shape: Shape }[]
  /** Bytes of all files of weights. */
  readonly weightBytes: number
}

const single = 'model.safetensors'
export const modelIndexFile = 'model.safetensors.index.json'

/**
 * Opens a model in Hugging Face layout and reads its weights into the form that `base` asks for, tensor by tensor. Only
 * reads: the folder belongs to somebody.
 * Throws `tensor-missing` naming a tensor that is absent, `checkpoint-corrupt` for one of another shape,
 * `architecture-unsupported` for a configuration that the engine would compute wrongly, and what
 * `openSafetensors` throws. `between` is called after each tensor, and what it throws ends the reading.
 */
export async function openModelFolder(
  dir: string,
  { between, ...base }: BaseOptions & { readonly between?: () => void } = {}
): Promise<ModelFolder> {
  return withModelFiles(dir, ({ config, configBytes, files }) => {
    const hash = createHash('sha256').update(configBytes)
    const wanted = checkpointShapes(config)
    const held = new HeldBase(config, base)
    for (const file of files) {
      file.readEach(
        (name) => wanted.has(name),
        hash,
        (name, tensor) => {
          held.add(name, tensor)
          between?.()
        }
      )
    }
    const weights = held.take(wanted.keys())
    return { dir, config, ...weights, parameters: countParameters(config), hash: hash.digest('hex') }
  })
}

/** Reads and checks configuration and headers only; takes as long for a large model as for a small one. */
export async function outlineModelFolder(dir: string): Promise<ModelOutline> {
  return withModelFiles(dir, ({ config, files }) => {
    const entries = files.flatMap((file) => [...file.entries.values()])
    return {
      dir,
      config,
      parameters: countParameters(config),
      tensors: entries.map(({ name, dtype, shape }) => ({ name, dtype, shape })),
      weightBytes: entries.reduce((total, { begin, end }) => total + end - begin, 0)
    }
  })
}

/** Throws `vocabulary-mismatch` if a tokenizer can make ids that the model has no row for. */
export function checkVocabulary(dir: string, config: DecoderConfig, tokenizerSize: number): void {
  if (tokenizerSize > config.vocabularySize) {
    throw new EngineFailure(
      'vocabulary-mismatch',
      `The tokenizer in ${dir} has ${tokenizerSize} tokens and the model ${config.vocabularySize}; ` +
        'use the tokenizer that came with the model.'
    )
  }
}

const countParameters = (config: DecoderConfig): number =>
  [...checkpointShapes(config).values()].reduce((count, shape) => count + elementCount(shape), 0)

/** A model's configuration and its open files of weights, all headers checked. */
export interface ModelFiles {
  readonly config: DecoderConfig
  readonly configBytes: Uint8Array
  readonly files: readonly SafetensorsFile[]
}

/** Opens the files of a model for as long as `use` runs; throws what `openModelFolder` throws. */
export function withModelFiles<T>(dir: string, use: (files: ModelFiles) => T): T {
  requireFolder(dir, 'a model folder with config.json and model.safetensors is needed')
  const configPath = join(dir, 'config.json')
  const configBytes = readSmallFile(configPath)
  const config = parseConfig(readJsonFile(configPath), configPath)
  const files: SafetensorsFile[] = []
  try {
    const index = readIndex(dir)
    const names = index ? [...new Set(index.values())].sort() : [single]
    const wanted = checkpointShapes(config)
    const rename = withPrefix(config.names.prefix, wanted)
    for (const name of names) files.push(openSafetensors(join(dir, name), rename))
    checkTensors(dir, wanted, files)
    if (index) checkIndex(dir, index, files, wanted, rename)
    return use({ config, configBytes, files })
  } finally {
    for (const file of files) file.close()
  }
}

/** Checkpoints of the bare model leave the prefix of the names out; they get it here. */
function withPrefix(prefix: string, wanted: ReadonlyMap<string, Shape>): Rename {
  return (name, has) => {
    const whole = prefix + name
    return !wanted.has(name) && wanted.has(whole) && !has(whole) ? whole : name
  }
}

/** Which file each tensor of a model in several files lies in; null for a model in one. Names files of the folder only. */
function readIndex(dir: string): Map<string, string> | null {
  const path = join(dir, modelIndexFile)
  if (existsSync(join(dir, single)) || !existsSync(path)) return null
  const { weight_map: map } = (readJsonFile(path) ?? {}) as { weight_map?: unknown }
  const entries = typeof map === 'object' && map !== null ? Object.entries(map) : []
  if (entries.length === 0) throw new EngineFailure('checkpoint-corrupt', `${path} names no file of weights.`)
  return new Map(entries.map(([tensor, file]) => [tensor, weightFile(path, file)]))
}

/** An index that says otherwise than the files is a sign of a folder put together from two models. */
function checkIndex(
  dir: string,
  index: ReadonlyMap<string, string>,
  files: readonly SafetensorsFile[],
  wanted: ReadonlyMap<string, Shape>,
  rename: Rename
): void {
  const byPath = new Map(files.map((file) => [file.path, file]))
  for (const [name, file] of index) {
    const named = rename(name, (other) => index.has(other))
    const holder = byPath.get(join(dir, file))?.entries.has(named)
    if (wanted.has(named) && !holder)
      throw new EngineFailure(
        'checkpoint-corrupt',
        `${join(dir, modelIndexFile)} says that the tensor "${name}" lies in ${file}, which does not hold it; copy the model again from its source.`
      )
  }
}

function weightFile(path: string, name: unknown): string {
  if (typeof name === 'string' && /^[^/\\\0]+\.safetensors$/.test(name)) return name
  throw new EngineFailure(
    'checkpoint-corrupt',
    `${path} names ${JSON.stringify(name)}, which is no safetensors file of the same folder.`
  )
}

function checkTensors(
  dir: string,
  wanted: ReadonlyMap<string, Shape>,
  files: readonly SafetensorsFile[]
): void {
  const missing = (name: string) =>
    new EngineFailure(
      'tensor-missing',
      `${dir} has no tensor "${name}", which its configuration asks for; copy the model again from its source.`
    )
  for (const [name, shape] of wanted) {
    const holders = files.filter((file) => file.entries.has(name))
    const entry = holders[0]?.entries.get(name)
    if (!entry) throw missing(name)
    if (holders.length > 1) {
      throw new EngineFailure(
        'checkpoint-corrupt',
        `${dir} holds the tensor "${name}" in more than one file.`
      )
    }
    if (!sameShape(entry.shape, shape)) throw wrongShape(holders[0].path, name, entry.shape, shape)
  }
}
