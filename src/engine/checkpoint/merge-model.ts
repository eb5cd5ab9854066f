import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { EngineFailure } from '../failure'
import type { DecoderConfig } from '../models/decoder-config'
import { parseConfig } from '../models/families'
import { jsonFile, writeFolderAtomically, type WritableFiles } from './atomic-write'
import { mergedTensors, rowRanges, type MergedTensors } from './merged-tensors'
import { modelIndexFile, withModelFiles } from './model-folder'
import { isFiniteHalf, narrowFloat32, type HalfType } from './narrow'
import type { Adapter } from './peft'
import { encodeSafetensorsHeader, type SafetensorsFile, type TensorToWrite } from './safetensors'
import type { TensorEntry } from './safetensors-header'
import { readJsonFile } from './small-files'

export interface MergeOptions {
  /** The model's folder; only read. */
  readonly model: string
  /** Null copies the model, which makes sense with another dtype. */
  readonly adapter: Adapter | null
  /** A new folder. */
  readonly out: string
  /** `stored` keeps each tensor's own type; `f32` widens F16 and BF16. */
  readonly dtype: 'stored' | 'f32'
  /** Told after every piece; what it throws ends the merge, and nothing is left. */
  readonly onPiece?: (doneBytes: number, totalBytes: number) => void
}

export interface MergedModel {
  /** Matrices that the adapter changed. */
  readonly changed: number
  readonly files: readonly string[]
  readonly bytes: number
}

/** What belongs to a model besides its weights and its configuration. */
const companions =
  /^(tokenizer.*\.(json|model)|special_tokens_map\.json|added_tokens\.json|vocab\.json|merges\.txt|generation_config\.json|chat_template\..*|LICEN[CS]E.*|NOTICE.*)$/i

/** Names of the companions in a folder. */
export const companionFiles = (dir: string): string[] =>
  readdirSync(dir).filter((name) => companions.test(name) && statSync(join(dir, name)).isFile())

/** Bytes copied at once. */
const copyBytes = 1 << 22

/**
 * Writes a model with an adapter added to its matrices, W + `loraScale` · B·A, as a new folder in Hugging Face layout:
 * file by file as the source has them, each in pieces, so that memory holds the adapter and a few MB. Sums are rounded
 * to the stored type, to the nearest. All or nothing; see `writeFolderAtomically`.
 * Throws `bad-input` if the folder exists or a sum does not fit its type, and what opening the model throws.
 */
export function mergeModelFolder(options: MergeOptions, files?: WritableFiles): MergedModel {
  const { model, adapter, out, dtype, onPiece } = options
  if (existsSync(out))
    throw new EngineFailure('bad-input', `${resolve(out)} exists already; choose a new folder for the model.`)
  return withModelFiles(model, (opened) => {
    const tensors = mergedTensors(opened, adapter)
    const sources = opened.files.map((file) => ({ file, plan: planOf(file, dtype) }))
    const bytes = sources.reduce((sum, { plan }) => sum + bytesOf(plan), 0)
    let done = 0
    const counted = function* (pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
      for (const piece of pieces) {
        yield piece
        onPiece?.((done += piece.length), bytes)
      }
    }
    const contents = new Map<string, Iterable<Uint8Array>>()
    for (const name of companionFiles(model)) contents.set(name, [readFileSync(join(model, name))])
    contents.set('config.json', configOf(model, opened.config, dtype))
    if (sources.length > 1 || existsSync(join(model, modelIndexFile)))
      contents.set(modelIndexFile, indexOf(sources, bytes))
    for (const { file, plan } of sources)
      contents.set(basename(file.path), counted(filePieces(file, plan, tensors)))
    writeFolderAtomically(out, contents, files)
    const names = sources.flatMap(({ plan }) => plan.map(({ name }) => name))
    return {
      changed: names.filter((name) => tensors.changes(name)).length,
      files: sources.map(({ file }) => basename(file.path)),
      bytes
    }
  })
}

const isFloat = (dtype: string): boolean => dtype === 'F32' || dtype === 'F16' || dtype === 'BF16'

/** The file's tensors as they will be written, in its own order. */
const planOf = ({ entries }: SafetensorsFile, dtype: MergeOptions['dtype']): TensorToWrite[] =>
  [...entries.values()].map(({ name, dtype: stored, shape, begin, end }) => {
    const widen = dtype === 'f32' && isFloat(stored) && stored !== 'F32'
    return { name, shape, dtype: widen ? 'F32' : stored, bytes: widen ? 2 * (end - begin) : end - begin }
  })

const bytesOf = (plan: readonly TensorToWrite[]): number => plan.reduce((sum, { bytes }) => sum + bytes, 0)

function* filePieces(
  file: SafetensorsFile,
  plan: readonly TensorToWrite[],
  tensors: MergedTensors
): Generator<Uint8Array> {
  yield encodeSafetensorsHeader(plan, file.metadata)
  for (const { name, dtype, shape } of plan) {
    const entry = file.entries.get(name) as TensorEntry
    if (!tensors.changes(name) && entry.dtype === dtype) {
      for (let at = entry.begin; at < entry.end; at += copyBytes)
        yield file.readBytes(at, Math.min(at + copyBytes, entry.end))
    } else {
      for (const [first, count] of rowRanges(shape))
        yield encode(dtype, tensors.rows(name, first, count), `${file.path}: tensor "${name}"`)
    }
  }
}

function encode(dtype: string, values: Float32Array, where: string): Uint8Array {
  const words = dtype === 'F32' ? values : narrowFloat32(dtype as HalfType, values)
  if (words instanceof Uint16Array && !words.every((half) => isFiniteHalf(dtype as HalfType, half)))
    throw new EngineFailure(
      'bad-input',
      `${where} with the adapter added does not fit ${dtype}; merge with --dtype f32.`
    )
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength)
}

function configOf(model: string, config: DecoderConfig, dtype: MergeOptions['dtype']): Uint8Array[] {
  const file = join(model, 'config.json')
  if (dtype === 'stored') return [readFileSync(file)]
  const json = readJsonFile(file) as Record<string, unknown>
  const widened = { ...json, ['dtype' in json ? 'dtype' : 'torch_dtype']: 'float32' }
  if (parseConfig(widened, file).embeddingScale !== config.embeddingScale)
    throw new EngineFailure(
      'bad-input',
      `${model} rounds what it computes to ${config.dtype}, and would compute otherwise in F32; merge with --dtype stored.`
    )
  return jsonFile(widened)
}

/** Which file holds which tensor. */
function indexOf(
  sources: readonly { readonly file: SafetensorsFile; readonly plan: readonly TensorToWrite[] }[],
  bytes: number
): Uint8Array[] {
  const places = sources.flatMap(({ file, plan }) =>
    plan.map(({ name }) => [name, basename(file.path)] as const)
  )
  return jsonFile({ metadata: { total_size: bytes }, weight_map: Object.fromEntries(places) })
}
