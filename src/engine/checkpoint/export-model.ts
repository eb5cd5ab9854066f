import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { EngineFailure } from '../failure'
import type { ParameterSet } from '../graph/tensor'
import { jsonFile, writeFolderAtomically, type WritableFiles } from './atomic-write'
import { companionFiles } from './merge-model'
import { splitValueHead } from './peft'
import { encodeSafetensors } from './safetensors'
import { readJsonFile, requireFolder } from './small-files'

export interface ModelToSave {
  /** The model that training started from: its configuration and tokenizer are copied, it is never written to. */
  readonly source: string
  /** Every weight under its Hugging Face name; a value head among them is left out. */
  readonly parameters: ParameterSet
}

/**
 * Saves a model of which every weight was trained as a new folder in Hugging Face layout, in F32. All or nothing.
 * Throws `bad-input` if the folder exists, so that nobody's model is ever replaced.
 */
export function saveModelFolder(
  dir: string,
  { source, parameters }: ModelToSave,
  files?: WritableFiles
): void {
  if (existsSync(dir)) {
    throw new EngineFailure('bad-input', `${resolve(dir)} exists already; choose a new folder for the model.`)
  }
  requireFolder(source, 'the model that training started from is needed')
  const config = readJsonFile(join(source, 'config.json')) as Record<string, unknown>
  const spelling = 'dtype' in config ? 'dtype' : 'torch_dtype'
  const copied = companionFiles(source).map((name) => [name, [readFileSync(join(source, name))]] as const)
  const contents = new Map<string, readonly Uint8Array[]>([
    ...copied,
    ['config.json', jsonFile({ ...config, [spelling]: 'float32' })],
    ['model.safetensors', encodeSafetensors(splitValueHead(parameters).trained)]
  ])
  writeFolderAtomically(dir, contents, files)
}
