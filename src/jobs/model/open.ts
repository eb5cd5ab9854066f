import { openModelFolder, type ModelFolder } from '../../engine/checkpoint/model-folder'
import { loadAdapter } from '../../engine/checkpoint/peft'
import type { ParameterSet } from '../../engine/graph'
import type { BaseForm, Trainable } from '../../engine/models/model'
import type { Runtime } from '../../engine/session'
import { Failure } from '../../pipeline/failure'
import { openChosen, type RuntimeChoice } from './devices'

export interface ModelChoice extends Partial<RuntimeChoice> {
  /** Folder in Hugging Face layout. */
  readonly model: string
  /** Folder of an adapter in PEFT's layout. */
  readonly adapter?: string
  /** How the model's own weights are held; left out, in full. */
  readonly base?: BaseForm
}

/** A model, with or without an adapter, ready to be used as it is. */
export interface OpenModel {
  readonly model: ModelFolder
  readonly trainable: Trainable
  readonly parameters: ParameterSet
  readonly runtime: Runtime
}

/** Throws what the model folder, the adapter and the device may. */
export async function openModel({
  model: dir,
  adapter,
  base: form,
  ...choice
}: ModelChoice): Promise<OpenModel> {
  const { runtime } = await openChosen({ device: 'cpu', threads: 2, spinning: true, ...choice })
  const model = await openModelFolder(dir, { form, between: choice.between })
  if (adapter === undefined) return { model, trainable: { kind: 'none' }, parameters: new Map(), runtime }
  const { lora, parameters } = loadAdapter(adapter, model.config)
  return { model, trainable: { kind: 'lora', lora }, parameters, runtime }
}

/** Throws `bad-input` for token ids that the model cannot read. */
export function checkSequence({ config }: ModelFolder, ids: readonly number[]): void {
  if (ids.length === 0) throw new Failure('bad-input', 'There is no token; give at least one id.')
  if (ids.length > config.contextLength)
    throw new Failure(
      'bad-input',
      `${ids.length} tokens do not fit the model's context of ${config.contextLength}.`
    )
  const outside = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= config.vocabularySize)
  if (outside !== undefined)
    throw new Failure(
      'bad-input',
      `Token ${outside} is not in the model's vocabulary of ${config.vocabularySize}.`
    )
}
