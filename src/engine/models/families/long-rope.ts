import type { RopeConfig } from '../decoder-config'
import type { Fields, Json } from './fields'

const known = [
  ...['rope_type', 'type', 'rope_theta', 'short_factor', 'long_factor', 'factor', 'attention_factor'],
  'original_max_position_embeddings'
]

/**
 * LongRoPE of a model that was stretched from `original` to `stretched` tokens, as it is within the original context:
 * there the short factors hold. null for settings of another type. Source: Ding et al., LongRoPE.
 */
export function longRope(
  fields: Fields,
  settings: Json,
  { original, stretched, pairs }: { original: number; stretched: number; pairs: number }
): RopeConfig | null {
  const type = settings.rope_type ?? settings.type
  if (type !== 'longrope' && type !== 'su') return null
  const [unknown] = Object.keys(settings).filter((field) => !known.includes(field))
  if (unknown !== undefined) fields.unsupported(`the rope field ${JSON.stringify(unknown)} (type ${type})`)
  const { short_factor: factors, rope_theta: theta, attention_factor: given } = settings
  if (!isPositive(theta)) return fields.unsupported(`rope_theta = ${JSON.stringify(theta)}`)
  if (!Array.isArray(factors) || factors.length !== pairs || !factors.every(isPositive))
    return fields.unsupported(`a rope short_factor that is no list of ${pairs} numbers`)
  const factor = stretched / original
  const attentionFactor = given ?? (factor > 1 ? Math.sqrt(1 + Math.log(factor) / Math.log(original)) : 1)
  if (!isPositive(attentionFactor))
    return fields.unsupported(`rope attention_factor = ${JSON.stringify(given)}`)
  return { type: 'longrope', theta, factors, attentionFactor }
}

const isPositive = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value > 0
