import type { RopeConfig } from '../decoder-config'
import type { Fields, Json } from './fields'

/** Fields of `rope_scaling` / `rope_parameters` by type. Any other field would change the angles in a way unknown here. */
const fieldsOf: Readonly<Record<RopeConfig['type'], readonly string[]>> = {
  default: [],
  linear: ['factor'],
  llama3: ['factor', 'low_freq_factor', 'high_freq_factor', 'original_max_position_embeddings']
}
const common = ['rope_type', 'type', 'rope_theta']
const topLevel = ['rope_theta', 'rope_scaling', 'rope_parameters']
const defaultTheta = 10_000
const supported = 'the rope types default, linear and llama3'

/**
 * Rotary settings from `config.json`: `rope_theta` may stand at the top, in `rope_scaling` or in `rope_parameters`.
 * Throws EngineFailure `architecture-unsupported` for a type or field that is not known, never a silent default.
 */
export function parseRope(fields: Fields): RopeConfig {
  const config = fields.json
  const unsupported = (what: string): never => fields.unsupported(what, supported)
  const settings = { ...objectAt(fields, 'rope_scaling'), ...objectAt(fields, 'rope_parameters') }
  const type = settings.rope_type ?? settings.type ?? 'default'
  if (type !== 'default' && type !== 'linear' && type !== 'llama3')
    return unsupported(`the rope type ${JSON.stringify(type)}`)
  const known = [...common, ...fieldsOf[type]]
  for (const field of Object.keys(settings))
    if (!known.includes(field)) unsupported(`the rope field ${JSON.stringify(field)} (type ${type})`)
  for (const field of Object.keys(config))
    if (/^(rope|rotary|partial_rotary)_?/.test(field) && !topLevel.includes(field) && !isOff(config[field]))
      unsupported(`the rope field ${JSON.stringify(field)}`)

  const number = (field: string): number => {
    const value = settings[field]
    return isPositive(value) ? value : unsupported(`rope ${field} = ${JSON.stringify(value ?? null)}`)
  }
  const theta = settings.rope_theta ?? config.rope_theta ?? defaultTheta
  if (!isPositive(theta)) return unsupported(`rope_theta = ${JSON.stringify(theta)}`)
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

/** SmolLM says `rope_interleaved: false`. */
const isOff = (value: unknown): boolean => value === null || value === false

const isPositive = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value > 0

function objectAt(fields: Fields, key: string): Json {
  const value = fields.json[key]
  if (value === undefined || value === null) return {}
  if (typeof value !== 'object' || Array.isArray(value))
    fields.unsupported(`${key} = ${JSON.stringify(value)}`)
  return value as Json
}
