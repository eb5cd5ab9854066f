import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunConfig } from '../../contract/run-config'
import { openModelFolder, type ModelFolder } from '../../engine/checkpoint/model-folder'
import {
  adapterConfigFile,
  adapterFile,
  loadAdapter,
  splitValueHead,
  valueHeadFile
} from '../../engine/checkpoint/peft'
import { encodeSafetensors } from '../../engine/checkpoint/safetensors'
import type { ParameterSet } from '../../engine/graph'
import type { Trainable } from '../../engine/models/model'
import { fullParameters, loraParameters, valueHeadParameters } from '../../engine/models/parameters'
import type { ChosenDevice } from '../../engine/runtime/devices'
import type { Runtime } from '../../engine/session'
import { chance } from '../../pipeline/optimise/chance'
import type { PolicyTokenizer } from '../../tokens/tokenizer'
import { loraOf } from '../sessions/lora-of'
import { openModelTokenizer } from './tokenizer'
import { openChosen, type RuntimeChoice } from './devices'
import type { RunFolder } from '../run/folder'

/** A model that can read and write text, and what makes it run. */
export interface Policy {
  readonly model: ModelFolder
  readonly tokenizer: PolicyTokenizer
  readonly tokenizerHash: string
  readonly runtime: Runtime
  readonly chosen: ChosenDevice
}

type PolicyChoice = RuntimeChoice & Partial<Pick<RunConfig, 'base' | 'compute'>>

/** @throws Failure and EngineFailure as the model folder, its tokenizer and the device may */
export async function openPolicy(
  dir: string,
  { base: form, compute: products, ...choice }: PolicyChoice
): Promise<Policy> {
  // The device first: it is refused before minutes are spent on reading weights.
  const { runtime, chosen } = await openChosen(choice)
  const model = await openModelFolder(dir, { form, products, between: choice.between })
  const { tokenizer, hash } = openModelTokenizer(dir, model.config)
  return {
    model,
    tokenizer,
    tokenizerHash: hash,
    runtime,
    chosen
  }
}

/**
 * Notes what the policy of a run is made of, or checks that it is still what it was.
 * @throws Failure run-not-resumable, naming what changed
 */
export function pinPolicy(folder: RunFolder, { model, tokenizerHash, chosen }: Policy): void {
  folder.noteDevice(chosen)
  folder.pin('model', model.hash)
  folder.pin('tokenizer', tokenizerHash)
  const { adapter } = folder.config
  if (adapter === null) return
  const hash = createHash('sha256')
  for (const name of [adapterConfigFile, adapterFile, valueHeadFile])
    if (existsSync(join(adapter, name))) hash.update(readFileSync(join(adapter, name)))
  folder.pin('adapter', hash.digest('hex'))
}

/** What a run trains, and where it starts: a fresh adapter, a given one, or a copy of every weight. */
export function startOf(
  { model }: Policy,
  config: Pick<RunConfig, 'adapter' | 'lora' | 'seed'>,
  value: boolean
): { trainable: Exclude<Trainable, { kind: 'none' }>; parameters: ParameterSet } {
  const head = value ? valueHeadParameters(model.config) : new Map()
  if (config.adapter !== null) {
    const { lora: found, parameters } = loadAdapter(config.adapter, model.config)
    // How much to leave out is the run's affair, not that of the training that the adapter comes from.
    const { dropout: _, ...plain } = found
    const dropout = config.lora?.dropout ?? 0
    const lora = { ...plain, ...(dropout > 0 && { dropout }) }
    const { trained, valueHead } = splitValueHead(parameters)
    const own = value && valueHead.size > 0 ? valueHead : head
    return { trainable: { kind: 'lora', lora }, parameters: new Map([...trained, ...own]) }
  }
  if (config.lora === null)
    return { trainable: { kind: 'full' }, parameters: new Map([...fullParameters(model), ...head]) }
  const draw = chance(config.seed, 'parameters')
  const lora = loraOf(config.lora, model.config)
  const fresh = loraParameters(model.config, lora, () => draw.normal())
  return { trainable: { kind: 'lora', lora }, parameters: new Map([...fresh, ...head]) }
}

/** SHA-256, hex, of an adapter's file of weights: what an answer or a review is signed with. */
export const adapterHash = (dir: string): string =>
  createHash('sha256')
    .update(readFileSync(join(dir, adapterFile)))
    .digest('hex')

/** The same of an adapter in memory: what its file would have. */
export function parametersHash(parameters: ParameterSet): string {
  const hash = createHash('sha256')
  for (const piece of encodeSafetensors(splitValueHead(parameters).trained)) hash.update(piece)
  return hash.digest('hex')
}
