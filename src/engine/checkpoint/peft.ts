import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { EngineFailure } from '../failure'
import { sameShape, type HostTensor, type ParameterSet, type Shape } from '../graph/tensor'
import type { DecoderConfig } from '../models/decoder-config'
import type { Lora } from '../models/model'
import { loraModules, moduleOf } from '../models/names'
import { loraName, loraShapes, valueBias, valueWeight } from '../models/parameters'
import { adapterConfigJson, readAdapterConfig } from './adapter-config'
import { jsonFile, writeFolderAtomically, type FolderContents, type WritableFiles } from './atomic-write'
import { encodeSafetensors, readSafetensors } from './safetensors'
import { corrupt, wrongShape } from './safetensors-header'
import { requireFolder } from './small-files'

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
    [adapterConfigFile, jsonFile(adapterConfigJson(lora, baseModel, [...trained.keys()].some(isTurned)))],
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
  const { targets, ...settings } = readAdapterConfig(join(dir, adapterConfigFile))
  const path = join(dir, adapterFile)
  const tensors = readSafetensors(path)
  const modules = modulesOf(join(dir, adapterConfigFile), config, targets, [...tensors.keys()])
  const lora = { ...settings, modules }
  const parameters = checked(path, tensors, loraShapes(config, lora))
  const valueHead = join(dir, valueHeadFile)
  if (existsSync(valueHead)) {
    const shapes: [string, Shape][] = [
      [valueWeight, [1, config.hiddenSize]],
      [valueBias, [1]]
    ]
    for (const [name, tensor] of checked(valueHead, readSafetensors(valueHead), new Map(shapes)))
      parameters.set(name, tensor)
  }
  return { lora, parameters }
}

/** The tensors of a file, which must be exactly these; they come in the order of `shapes`. */
function checked(
  path: string,
  tensors: ReadonlyMap<string, HostTensor>,
  shapes: ReadonlyMap<string, Shape>
): ParameterSet {
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

/** GPT-2's layers: the only ones whose matrices lie as [inputs, outputs], which PEFT has to be told. */
const isTurned = (name: string): boolean =>
  /^base_model\.model\.transformer\.h\.\d+\.(attn|mlp)\.c_/.test(name)

/**
 * Which matrices an adapter changes. A list of PEFT's names the ends of modules' names, in no order. A pattern is not
 * run, and `all-linear` not guessed at: what they matched shows in the tensors of the first layer.
 */
function modulesOf(
  path: string,
  config: DecoderConfig,
  targets: readonly string[] | null,
  names: readonly string[]
): string[] {
  const known = loraModules(config)
  if (targets?.every((target) => known.includes(target)))
    return known.filter((module) => targets.includes(module))
  const isEnd = (target: string): boolean =>
    config.linears.some(({ path }) => `.${path}`.endsWith(`.${target}`) || target.endsWith(`.${path}`))
  const foreign = targets?.find((target) => !isEnd(target))
  if (foreign !== undefined)
    throw new EngineFailure(
      'architecture-unsupported',
      `${path} has "${foreign}" among its target_modules; the engine adapts ${known.join(', ')}.`
    )
  const held = new Set(names)
  const linears = config.linears.filter((linear) => held.has(loraName(config, 0, linear, 'A')))
  if (linears.length === 0)
    throw new EngineFailure(
      'architecture-unsupported',
      `${path} adapts none of the matrices that the engine adapts: ${known.join(', ')}.`
    )
  const isWhole = (module: string): boolean =>
    config.linears.every((linear) => moduleOf(linear) !== module || linears.includes(linear))
  const ends = linears.map((linear) => (isWhole(moduleOf(linear)) ? moduleOf(linear) : linear.path))
  return [...new Set(ends)]
}

/** The settings of an adapter whose list of modules is known to be the model's own, as in a checkpoint. */
export function parseAdapterConfig(path: string): Lora {
  const { targets, ...settings } = readAdapterConfig(path)
  if (targets === null) throw corrupt(path, 'it has a pattern where a list of modules was written')
  return { ...settings, modules: targets }
}
