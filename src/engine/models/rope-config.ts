import { EngineFailure } from '../failure'

/** How positions become angles. */
export type RopeConfig = { readonly theta: number } & (
  | { readonly type: 'default' }
  | { readonly type: 'linear'; readonly factor: number }
  | {
      readonly type: 'llama3'
      readonly factor: number
      readonly lowFrequencyFactor: number
      readonly highFrequencyFactor: number
      /** Tokens. */
      readonly originalContextLength: number
    }
)

type Json = Readonly<Record<string, unknown>>

/** Fields of `rope_scaling` / `rope_parameters` by type. Any other field would change the angles in a way unknown here. */
const fieldsOf: Readonly<Record<RopeConfig['type'], readonly string[]>> = {
  default: [],
  linear: ['factor'],
  llama3: ['factor', 'low_freq_factor', 'high_freq_factor', 'original_max_position_embeddings']
}
const common = ['rope_type', 'type', 'rope_theta']
const defaultTheta = 10_000

/**
 * Rotary settings from `config.json`: `rope_theta` may stand at the top, in `rope_scaling` or in `rope_parameters`.
 * Throws EngineFailure `architecture-unsupported` for a type or field that is not known, never a silent default.
 */
export function parseRope(config: Json): RopeConfig {
  const settings = { ...objectAt(config, 'rope_scaling'), ...objectAt(config, 'rope_parameters') }
  const type = settings.rope_type ?? settings.type ?? 'default'
  if (type !== 'default' && type !== 'linear' && type !== 'llama3')
    unsupported(`the rope type ${JSON.stringify(type)}`)
  const known = [...common, ...fieldsOf[type]]
  for (const field of Object.keys(settings))
    if (!known.includes(field)) unsupported(`the rope field ${JSON.stringify(field)} (type ${type})`)
  for (const field of Object.keys(config))
    if (/^(rope|rotary|partial_rotary)_?/.test(field) && !topLevel.includes(field) && config[field] !== null)
      unsupported(`the rope field ${JSON.stringify(field)}`)

  const number = (field: string): number => {
    const value = settings[field]
    return isPositive(value) ? value : unsupported(`rope ${field} = ${JSON.stringify(value ?? null)}`)
  }
  const theta = settings.rope_theta ?? config.rope_theta ?? defaultTheta
  if (!isPositive(theta)) unsupported(`rope_theta = ${JSON.stringify(theta)}`)
  switch (type) {
    case 'default':
      return { type, theta }
    case 'linear':
      return { type, theta, factor: number('factor') }
    case 'llama3':
      return {
        type,
        theta,
        factor: number('factor'),
        lowFrequencyFactor: number('low_freq_factor'),
        highFrequencyFactor: number('high_freq_factor'),
        originalContextLength: number('original_max_position_embeddings')
      }
  }
}

const topLevel = ['rope_theta', 'rope_scaling', 'rope_parameters']

const isPositive = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value > 0

function objectAt(config: Json, key: string): Json {
  const value = config[key]
  if (value === undefined || value === null) return {}
  if (typeof value !== 'object' || Array.isArray(value)) unsupported(`${key} = ${JSON.stringify(value)}`)
  return value as Json
}

function unsupported(what: string): never {
  throw new EngineFailure(
    'architecture-unsupported',
    `config.json asks for ${what}; the engine supports the rope types default, linear and llama3.`
  )
}
