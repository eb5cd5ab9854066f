import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { EngineFailure } from '../failure'
import { sameShape, type ParameterSet, type Shape } from '../graph/tensor'
import type { DecoderConfig } from '../models/decoder-config'
import type { Lora } from '../models/model'
import { loraModules } from '../models/names'
import { loraShapes, valueBias, valueWeight } from '../models/parameters'
import { jsonFile, writeFolderAtomically, type FolderContents, type WritableFiles } from './atomic-write'
import { encodeSafetensors, readSafetensors } from './safetensors'
import { wrongShape } from './safetensors-header'
import { readJsonFile, requireFolder } from './small-files'

export interface Adapter {
  readonly lora: Lora
  /** A and B of every adapted matrix under PEFT's names, then the value head if there is one. */
  readonly parameters: ParameterSet
}

export interface AdapterToSave extends Adapter {
  /** What `base_model_name_or_path` says: the folder of the model that the adapter belongs to. */
  readonly baseModel: string
}

export const adapterFile = 'adapter_model.safetensors'
export const adapterConfigFile = 'adapter_config.json'
export const valueHeadFile = 'value_head.safetensors'

/**
 * Saves an adapter so that PEFT loads it: `adapter_model.safetensors` with the tensors
 * `base_model.model.model.layers.N.self_attn.q_proj.lora_A.weight` [rank, inputs] and `…lora_B.weight` [outputs, rank],
 * and `adapter_config.json`. The value head, which PEFT does not know, lies beside them in `value_head.safetensors`.
 * All or nothing; see `writeFolderAtomically`.
 */
export function saveAdapter(dir: string, adapter: AdapterToSave, files?: WritableFiles): void {
  writeFolderAtomically(dir, adapterContents(adapter), files)
}

/** The files of `saveAdapter`. A checkpoint holds them beside others. */
export function adapterContents({ lora, parameters, baseModel }: AdapterToSave): FolderContents {
  const { trained, valueHead } = splitValueHead(parameters)
  return new Map([
    [adapterFile, encodeSafetensors(trained)],
    [adapterConfigFile, jsonFile(adapterConfig(lora, baseModel))],
    ...valueHeadContents(valueHead)
  ])
}

export function splitValueHead(parameters: ParameterSet): { trained: ParameterSet; valueHead: ParameterSet } {
  const isValue = (name: string) => name === valueWeight || name === valueBias
  return {
    trained: new Map([...parameters].filter(([name]) => !isValue(name))),
    valueHead: new Map([...parameters].filter(([name]) => isValue(name)))
  }
}

/** The value head's file, if there is a value head. */
export const valueHeadContents = (valueHead: ParameterSet): FolderContents =>
  new Map(valueHead.size > 0 ? [[valueHeadFile, encodeSafetensors(valueHead)]] : [])

/**
 * Loads an adapter that we or PEFT wrote, and checks every tensor against the model. Throws
 * `architecture-unsupported` for kinds of adapter that would be computed wrongly, `tensor-missing` and
 * `checkpoint-corrupt` naming the tensor, and what `openSafetensors` throws.
 */
export function loadAdapter(dir: string, config: DecoderConfig): Adapter {
  requireFolder(dir, `an adapter folder with ${adapterFile} and ${adapterConfigFile} is needed`)
  const lora = parseAdapterConfig(join(dir, adapterConfigFile), loraModules(config))
  const parameters = checked(join(dir, adapterFile), loraShapes(config, lora))
  const valueHead = join(dir, valueHeadFile)
  if (existsSync(valueHead)) {
    const shapes: [string, Shape][] = [
      [valueWeight, [1, config.hiddenSize]],
      [valueBias, [1]]
    ]
    for (const [name, tensor] of checked(valueHead, new Map(shapes))) parameters.set(name, tensor)
  }
  return { lora, parameters }
}

/** Reads a file that must hold exactly these tensors; they come in the order of `shapes`. */
function checked(path: string, shapes: ReadonlyMap<string, Shape>): ParameterSet {
  const tensors = readSafetensors(path)
  const parameters: ParameterSet = new Map()
  for (const [name, shape] of shapes) {
    const tensor = tensors.get(name)
    if (!tensor) throw new EngineFailure('tensor-missing', `${path} has no tensor "${name}".`)
    if (!sameShape(tensor.shape, shape)) throw wrongShape(path, name, tensor.shape, shape)
    parameters.set(name, tensor)
  }
  const foreign = [...tensors.keys()].find((name) => !shapes.has(name))
  if (foreign !== undefined) {
    throw new EngineFailure(
      'checkpoint-corrupt',
      `${path} holds the tensor "${foreign}", for which the model or its configuration has no place.`
    )
  }
  return parameters
}

const adapterConfig = ({ rank, alpha, modules }: Lora, baseModel: string): Record<string, unknown> => ({
  base_model_name_or_path: baseModel,
  bias: 'none',
  fan_in_fan_out: false,
  inference_mode: true,
  init_lora_weights: true,
  lora_alpha: alpha,
  lora_dropout: 0,
  modules_to_save: null,
  peft_type: 'LORA',
  r: rank,
  target_modules: modules,
  task_type: 'CAUSAL_LM',
  use_dora: false,
  use_rslora: false
})

/** Settings of PEFT that change what an adapter computes, and the only values of each that the engine computes. */
const neutral: Readonly<Record<string, readonly unknown[]>> = {
  peft_type: ['LORA'],
  bias: ['none'],
  fan_in_fan_out: [false],
  use_dora: [false],
  use_rslora: [false],
  use_qalora: [false],
  lora_bias: [false],
  modules_to_save: [[]],
  rank_pattern: [{}],
  alpha_pattern: [{}],
  layers_to_transform: [[]],
  layers_pattern: [[]],
  layer_replication: [[]],
  megatron_config: [],
  target_parameters: [[]],
  trainable_token_indices: [[]]
}

/**
 * Reads `adapter_config.json`; throws `architecture-unsupported` for what would be computed wrongly. `known` are the
 * matrices that the model has, left out where the adapter is known to be the model's.
 */
export function parseAdapterConfig(path: string, known?: readonly string[]): Lora {
  const json = readJsonFile(path)
  const unsupported = (what: string) =>
    new EngineFailure(
      'architecture-unsupported',
      `${path} asks for ${what}; the engine supports plain LoRA${known ? ` on ${known.join(', ')}` : ''}.`
    )
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw unsupported('no settings at all')
  const settings = json as Readonly<Record<string, unknown>>
  for (const [key, allowed] of Object.entries(neutral)) {
    const value = settings[key]
    const absent = value === undefined || value === null
    if (!absent && !allowed.some((known) => JSON.stringify(known) === JSON.stringify(value))) {
      throw unsupported(`${key} = ${JSON.stringify(value)}`)
    }
  }
  const { r: rank, lora_alpha: alpha, target_modules: targets } = settings
  if (typeof rank !== 'number' || !Number.isInteger(rank) || rank < 1 || rank > 65_536) {
    throw unsupported(`r = ${JSON.stringify(rank)}`)
  }
  if (typeof alpha !== 'number' || !(alpha > 0)) throw unsupported(`lora_alpha = ${JSON.stringify(alpha)}`)
  const names = Array.isArray(targets) ? (targets as unknown[]) : []
  const isModule = (name: unknown): name is string =>
    typeof name === 'string' && (known?.includes(name) ?? name !== '')
  if (names.length === 0 || !names.every(isModule)) {
    throw unsupported(`target_modules = ${JSON.stringify(targets)}`)
  }
  // PEFT writes a set: its order means nothing.
  return { rank, alpha, modules: known ? known.filter((module) => names.includes(module)) : names }
}
