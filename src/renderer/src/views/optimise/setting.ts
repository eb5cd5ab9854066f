export type SettingValue = number | string | boolean | null

/** One setting of a run: where it stands in run.json, what it does, and what it may be. */
export interface Setting {
  /** Dotted key in run.json. */
  readonly key: string
  readonly title: string
  /** One sentence: what it does, or when to change it. */
  readonly sentence: string
  /** Its bound, in words. */
  readonly bound: string
  readonly initial: SettingValue
  readonly kind:
    | {
        readonly of: 'number'
        readonly min: number
        readonly max?: number
        readonly whole?: true
        readonly above?: true
        /** May be left empty, which is null. */
        readonly optional?: true
        /** What is typed times this is what stands in run.json. */
        readonly times?: number
      }
    | { readonly of: 'choice'; readonly values: readonly string[] }
    | { readonly of: 'switch' }
  /** Only with this source. */
  readonly only?: 'annotated' | 'rollouts'
  readonly group: string
}

export const whole = (min: number, max?: number): Setting['kind'] => ({ of: 'number', min, max, whole: true })
export const real = (min: number, max?: number): Setting['kind'] => ({ of: 'number', min, max })
export const positive: Setting['kind'] = { of: 'number', min: 0, above: true }
export const choice = (...values: string[]): Setting['kind'] => ({ of: 'choice', values })

/** Whether a value is within a setting's bound. */
export function fits({ kind }: Setting, value: SettingValue): boolean {
  if (kind.of === 'switch') return typeof value === 'boolean'
  if (kind.of === 'choice') return typeof value === 'string' && kind.values.includes(value)
  if (value === null) return kind.optional === true
  if (typeof value !== 'number' || !Number.isFinite(value)) return false
  if (kind.whole && !Number.isInteger(value)) return false
  return (kind.above ? value > kind.min : value >= kind.min) && value <= (kind.max ?? Infinity)
}

/** As it stands in run.json. */
export const inRunJson = ({ kind }: Setting, value: SettingValue): SettingValue =>
  typeof value === 'number' && kind.of === 'number' ? value * (kind.times ?? 1) : value
