import { createHash } from 'node:crypto'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { EngineFailure } from '../failure'
import { sameShape, type HostTensor, type ParameterSet } from '../graph/tensor'
import type { Lora } from '../models/model'
import type { TrainingState } from '../optim/state'
import { jsonFile, writeFolderAtomically, type FolderContents, type WritableFiles } from './atomic-write'
import {
  adapterConfigFile,
  adapterContents,
  adapterFile,
  parseAdapterConfig,
  splitValueHead,
  valueHeadContents,
  valueHeadFile
} from './peft'
import { encodeSafetensors, openSafetensors } from './safetensors'
import { corrupt, wrongShape } from './safetensors-header'
import { readJsonFile, readSmallFile, requireFolder } from './small-files'

/** Whatever else the run needs to go on: counters, data position, controllers. Must survive JSON unchanged. */
export type Counters = Readonly<Record<string, unknown>>

export interface TrainingCheckpoint {
  readonly state: TrainingState
  /** null when every weight is trained. */
  readonly lora: Lora | null
  readonly counters: Counters
}

export interface FoundCheckpoint extends TrainingCheckpoint {
  readonly dir: string
  /** Newer checkpoints that are damaged, with the sentence that says how. */
  readonly skipped: readonly { readonly dir: string; readonly reason: string }[]
}

interface Manifest {
  readonly version: 1
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>
}

interface CountersFile {
  /** Updates made; AdamW's bias correction depends on it. */
  readonly optimiserStep: number
  readonly counters: Counters
}

const manifestFile = 'manifest.json'
const countersFile = 'counters.json'
const fullFile = 'model.safetensors'
const optimiserFile = 'optimizer.safetensors'

/**
 * Writes everything that the next step depends on: the trained tensors (an adapter in PEFT's layout, or the weights
 * under their own names), AdamW's two moments, and the counters; and a manifest with the SHA-256 of each file, by which
 * a damaged checkpoint is known. All or nothing; see `writeFolderAtomically`.
 */
export function saveCheckpoint(
  dir: string,
  { state, lora, counters }: TrainingCheckpoint,
  baseModel = '',
  files?: WritableFiles
): void {
  const contents = new Map(trainedContents(state.parameters, lora, baseModel))
  const moments = [...prefixed('first.', state.first), ...prefixed('second.', state.second)]
  contents.set(optimiserFile, encodeSafetensors(new Map(moments)))
  contents.set(countersFile, jsonFile({ optimiserStep: state.step, counters } satisfies CountersFile))
  const sums = [...contents].map(([name, pieces]) => [name, summary(pieces)] as const)
  const manifest: Manifest = { version: 1, files: Object.fromEntries(sums) }
  contents.set(manifestFile, jsonFile(manifest))
  writeFolderAtomically(dir, contents, files)
}

/** Reads a checkpoint back, bit for bit. Throws `checkpoint-corrupt` naming the file that is not as it was written. */
export function loadCheckpoint(dir: string): TrainingCheckpoint {
  requireFolder(dir, 'a checkpoint is needed')
  const manifest = parseManifest(join(dir, manifestFile))
  const lora =
    adapterConfigFile in manifest.files
      ? parseAdapterConfig(checkedFile(dir, adapterConfigFile, manifest))
      : null
  const parameters = checkedTensors(dir, lora ? adapterFile : fullFile, manifest)
  if (valueHeadFile in manifest.files) {
    for (const [name, tensor] of checkedTensors(dir, valueHeadFile, manifest)) parameters.set(name, tensor)
  }
  const moments = checkedTensors(dir, optimiserFile, manifest)
  const { optimiserStep: step, counters } = readCounters(checkedFile(dir, countersFile, manifest))
  const [first, second] = [withPrefix('first.', moments), withPrefix('second.', moments)]
  requireMoments(join(dir, optimiserFile), parameters, moments)
  return { state: { parameters, first, second, step }, lora, counters }
}

function readCounters(path: string): CountersFile {
  const { optimiserStep, counters } = (readJsonFile(path) ?? {}) as Partial<CountersFile>
  if (!Number.isInteger(optimiserStep) || (optimiserStep as number) < 0)
    throw corrupt(path, `it has no count of updates, but ${JSON.stringify(optimiserStep)}`)
  if (typeof counters !== 'object' || counters === null || Array.isArray(counters))
    throw corrupt(path, 'it has no counters')
  return { optimiserStep: optimiserStep as number, counters }
}

/** A checksum says that a file is as it was written, not that it was written by us. */
function requireMoments(path: string, parameters: ParameterSet, moments: ParameterSet): void {
  for (const [name, { shape }] of parameters)
    for (const moment of [`first.${name}`, `second.${name}`]) {
      const found = moments.get(moment)
      if (!found) throw corrupt(path, `it has no tensor "${moment}"`)
      if (!sameShape(found.shape, shape)) throw wrongShape(path, moment, found.shape, shape)
    }
  if (moments.size !== 2 * parameters.size)
    throw corrupt(path, 'it holds moments of tensors that are not there')
}

/** The newest sound checkpoint among the numbered folders of `folder`, or null if there is none. */
export function latestCheckpoint(folder: string): FoundCheckpoint | null {
  const skipped: { dir: string; reason: string }[] = []
  for (const step of numberedFolders(folder)) {
    const dir = join(folder, String(step))
    try {
      return { dir, skipped, ...loadCheckpoint(dir) }
    } catch (error) {
      if (!(error instanceof EngineFailure)) throw error
      skipped.push({ dir, reason: error.message })
    }
  }
  return null
}

/**
 * Removes all but the newest `keep` of the numbered folders and the `favoured` ones, and what a killed writer left
 * behind.
 */
export function pruneCheckpoints(folder: string, keep: number, favoured: readonly number[] = []): void {
  const remove = (name: string) => rmSync(join(folder, name), { recursive: true, force: true })
  for (const step of numberedFolders(folder).slice(keep)) {
    if (favoured.includes(step)) continue
    // First, so that a folder removed by half is known as damaged.
    remove(join(String(step), manifestFile))
    remove(String(step))
  }
  if (!existsSync(folder)) return
  for (const name of readdirSync(folder)) if (/^\.\d+\.(new|old)-\d+$/.test(name)) remove(name)
}

/** Newest first. */
function numberedFolders(folder: string): number[] {
  if (!existsSync(folder)) return []
  const steps = readdirSync(folder).filter((name) => /^(0|[1-9]\d*)$/.test(name))
  return steps.map(Number).sort((a, b) => b - a)
}

function trainedContents(parameters: ParameterSet, lora: Lora | null, baseModel: string): FolderContents {
  if (lora) return adapterContents({ lora, parameters, baseModel })
  const { trained, valueHead } = splitValueHead(parameters)
  return new Map([[fullFile, encodeSafetensors(trained)], ...valueHeadContents(valueHead)])
}

const prefixed = (prefix: string, tensors: ParameterSet): [string, HostTensor][] =>
  [...tensors].map(([name, tensor]) => [prefix + name, tensor])

const withPrefix = (prefix: string, tensors: ParameterSet): ParameterSet =>
  new Map(
    [...tensors].flatMap(([name, tensor]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), tensor] as const] : []
    )
  )

function summary(pieces: readonly Uint8Array[]): Manifest['files'][string] {
  const hash = createHash('sha256')
  for (const piece of pieces) hash.update(piece)
  return { bytes: pieces.reduce((total, piece) => total + piece.length, 0), sha256: hash.digest('hex') }
}

function parseManifest(path: string): Manifest {
  const json = readJsonFile(path)
  const { version, files } = (json ?? {}) as Partial<Manifest>
  if (version !== 1) throw corrupt(path, 'it is no manifest of a version known here')
  if (typeof files !== 'object' || files === null) throw corrupt(path, 'it lacks the list of files')
  return json as Manifest
}

function expectSum(path: string, name: string, manifest: Manifest, sha256: string): void {
  if (manifest.files[name]?.sha256 !== sha256)
    throw corrupt(path, 'it is not as the manifest says it was written')
}

/** The path of a small file of the checkpoint, once its bytes are known to be as they were. */
function checkedFile(dir: string, name: string, manifest: Manifest): string {
  const path = join(dir, name)
  expectSum(path, name, manifest, summary([readSmallFile(path)]).sha256)
  return path
}

/** Tensors and checksum of a file from one pass over it. */
function checkedTensors(dir: string, name: string, manifest: Manifest): ParameterSet {
  const path = join(dir, name)
  const file = openSafetensors(path)
  try {
    const hash = createHash('sha256')
    const tensors = file.readAll(undefined, hash)
    expectSum(path, name, manifest, hash.digest('hex'))
    return tensors
  } finally {
    file.close()
  }
}
