import type { RopeConfig } from '../decoder-config'
import type { Fields, Json } from './fields'

/** How a family spells its rotary settings where they stand at the top of `config.json`. */
export interface RopeSpelling {
  readonly theta: string
  readonly defaultTheta: number
  /** The share of each head that is rotated; null if the family rotates all of it. */
  readonly share: string | null
  readonly defaultShare: number
  /** Other rotary fields, which the family reads itself. */
  readonly others: readonly string[]
  /** Rotary settings of a type that only this family has; null for others. */
  readonly custom: (settings: Json, share: number) => RopeConfig | null
}

const llamaSpelling: RopeSpelling = {
  theta: 'rope_theta',
  defaultTheta: 10_000,
  share: null,
  defaultShare: 1,
  others: [],
  custom: () => null
}

export interface ParsedRope {
  readonly rope: RopeConfig
  /** Of each head that is rotated. */
  readonly share: number
}

/**
 * Rotary settings from `config.json`: they may stand at the top, in `rope_scaling` or in `rope_parameters`.
 * Throws EngineFailure `architecture-unsupported` for a type or field that is not known, never a silent default.
 */
export function parseRope(fields: Fields, change: Partial<RopeSpelling> = {}): ParsedRope {
  const spelling = { ...llamaSpelling, ...change }
  const { json } = fields
  const known = [spelling.theta, spelling.share, 'rope_scaling', 'rope_parameters', ...spelling.others]
  for (const field of Object.keys(json))
    if (/^(rope|rotary|partial_rotary)_?/.test(field) && !known.includes(field) && !isOff(json[field]))
      refuse(fields, `the rope field ${JSON.stringify(field)}`)
  const settings = { ...objectAt(fields, 'rope_scaling'), ...objectAt(fields, 'rope_parameters') }
  const { partial_rotary_factor: inner, ...rest } = settings
  if (inner !== undefined && spelling.share === null) refuse(fields, 'the rope field "partial_rotary_factor"')
  const theta = json[spelling.theta] ?? spelling.defaultTheta
  const share = inner ?? (spelling.share === null ? undefined : json[spelling.share]) ?? spelling.defaultShare
  if (!isPositive(share) || share > 1) return refuse(fields, `the rotated share ${JSON.stringify(share)}`)
  const whole = { rope_theta: theta, ...rest }
  return { rope: spelling.custom(whole, share) ?? ropeFrom(fields, whole), share }
}

/** SmolLM says `rope_interleaved: false`. */
const isOff = (value: unknown): boolean => value === null || value === false

/** Fields of rotary settings by type. Any other field would change the angles in a way unknown here. */
const fieldsOf = {
  default: [],
  linear: ['factor'],
  llama3: ['factor', 'low_freq_factor', 'high_freq_factor', 'original_max_position_embeddings']
} satisfies Partial<Record<RopeConfig['type'], readonly string[]>>
const common = ['rope_type', 'type', 'rope_theta']

/** One object of rotary settings. */
export function ropeFrom(fields: Fields, json: unknown): RopeConfig {
  const settings = objectFrom(fields, 'the rope settings', json)
  const type = settings.rope_type ?? settings.type ?? 'default'
  if (type !== 'default' && type !== 'linear' && type !== 'llama3')
    return refuse(fields, `the rope type ${JSON.stringify(type)}`)
  const known: readonly string[] = [...common, ...fieldsOf[type]]
  for (const field of Object.keys(settings))
    if (!known.includes(field)) refuse(fields, `the rope field ${JSON.stringify(field)} (type ${type})`)
  const number = (field: string): number => {
    const value = settings[field]
    return isPositive(value)
      ? value
      : refuse(fields, `${field === 'rope_theta' ? '' : 'rope '}${field} = ${JSON.stringify(value ?? null)}`)
  }
  const theta = number('rope_theta')
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

const refuse = (fields: Fields, what: string): never =>
  fields.unsupported(what, 'the rope types default, linear and llama3, and longrope for phi3')

const isPositive = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value > 0

export function objectAt(fields: Fields, key: string): Json {
  return objectFrom(fields, key, fields.json[key] ?? {})
}

function objectFrom(fields: Fields, name: string, value: unknown): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return refuse(fields, `${name} = ${JSON.stringify(value ?? null)}`)
  return value as Json
}
