import { EngineFailure } from '../failure'
import type { Lora } from '../models/model'
import { readJsonFile } from './small-files'

/** `adapter_config.json` as PEFT writes it: its field names, sorted, with the values of a plain LoRA. */
export const adapterConfigJson = (
  { rank, alpha, modules, rsLora = false, dropout = 0 }: Lora,
  baseModel: string,
  fanInFanOut: boolean
): Record<string, unknown> => ({
  alpha_pattern: {},
  auto_mapping: null,
  base_model_name_or_path: baseModel,
  bias: 'none',
  fan_in_fan_out: fanInFanOut,
  inference_mode: true,
  init_lora_weights: true,
  layers_pattern: null,
  layers_to_transform: null,
  lora_alpha: alpha,
  lora_dropout: dropout,
  modules_to_save: null,
  peft_type: 'LORA',
  r: rank,
  rank_pattern: {},
  revision: null,
  target_modules: modules,
  task_type: 'CAUSAL_LM',
  use_dora: false,
  use_rslora: rsLora
})

/** Settings of PEFT that change what an adapter computes, and the only values of each that the engine computes. */
const neutral: Readonly<Record<string, readonly unknown[]>> = {
  peft_type: ['LORA'],
  task_type: ['CAUSAL_LM'],
  bias: ['none'],
  use_dora: [false],
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
  trainable_token_indices: [[]],
  alora_invocation_tokens: [[]],
  arrow_config: []
}

/** What `adapter_config.json` says. */
export interface AdapterConfig extends Omit<Lora, 'modules'> {
  /** The ends of names that it lists, or null if it has a pattern or `all-linear`: then the tensors' names tell. */
  readonly targets: readonly string[] | null
}

/** Reads `adapter_config.json`; throws `architecture-unsupported` for what would be computed wrongly. */
export function readAdapterConfig(path: string): AdapterConfig {
  const json = readJsonFile(path)
  const unsupported = (what: string) =>
    new EngineFailure('architecture-unsupported', `${path} asks for ${what}; the engine supports plain LoRA.`)
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw unsupported('no settings at all')
  const settings = json as Readonly<Record<string, unknown>>
  const refuse = (key: string) => unsupported(`${key} = ${JSON.stringify(settings[key] ?? null)}`)
  for (const [key, allowed] of Object.entries(neutral)) {
    const value = settings[key]
    const absent = value === undefined || value === null
    if (!absent && !allowed.some((known) => JSON.stringify(known) === JSON.stringify(value)))
      throw refuse(key)
  }
  const { r: rank, lora_alpha: alpha, target_modules: targets } = settings
  const { use_rslora: rsLora = false, lora_dropout: dropout = 0, fan_in_fan_out: turned = false } = settings
  if (typeof rank !== 'number' || !Number.isInteger(rank) || rank < 1 || rank > 65_536) throw refuse('r')
  if (typeof alpha !== 'number' || !(alpha > 0)) throw refuse('lora_alpha')
  if (typeof rsLora !== 'boolean') throw refuse('use_rslora')
  if (typeof dropout !== 'number' || !(dropout >= 0 && dropout < 1)) throw refuse('lora_dropout')
  // How the base's matrices lie is known from the model; A and B lie the same either way.
  if (typeof turned !== 'boolean') throw refuse('fan_in_fan_out')
  const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
  const list: unknown[] = Array.isArray(targets) ? targets : [targets]
  if (list.length === 0 || !list.every(isText)) throw refuse('target_modules')
  return {
    rank,
    alpha,
    targets: Array.isArray(targets) ? list : null,
    ...(rsLora && { rsLora }),
    ...(dropout > 0 && { dropout })
  }
}
