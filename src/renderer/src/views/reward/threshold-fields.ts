import type { CriticThresholds } from '../../../../pipeline/reward/critic-quality/gate'
import { whole } from '../../state/format'

/** One threshold as it is shown and typed. */
export interface ThresholdField {
  readonly key: keyof CriticThresholds
  readonly title: string
  readonly sentence: string
  /** Shares are typed in percent. */
  readonly unit: '%' | ''
  readonly sign: '≥' | '≤'
}

export const thresholdFields: readonly ThresholdField[] = [
  {
    key: 'poorPrecision',
    title: 'Precision on poor tokens',
    sentence: 'The lower end of its interval: a wrong mark teaches something wrong.',
    unit: '%',
    sign: '≥'
  },
  {
    key: 'poorF1',
    title: 'F1 on poor tokens',
    sentence: 'Misses count too, but only thin what is learned.',
    unit: '%',
    sign: '≥'
  },
  {
    key: 'failures',
    title: 'Failed critiques',
    sentence: 'Answers that it could not judge.',
    unit: '%',
    sign: '≤'
  },
  {
    key: 'signFlip',
    title: 'Opposite signs',
    sentence: 'Tokens marked by both of which it says good where people say poor, or the other way round.',
    unit: '%',
    sign: '≤'
  },
  {
    key: 'documents',
    title: 'Documents',
    sentence: 'Fewer give figures that are too uncertain.',
    unit: '',
    sign: '≥'
  }
]

/** As it is typed: 0.5 is 50. */
export const typedOf = ({ unit }: ThresholdField, value: number): number =>
  unit === '%' ? Number((value * 100).toFixed(6)) : value

export const valueOf = ({ unit }: ThresholdField, typed: number): number =>
  unit === '%' ? Number((typed / 100).toFixed(8)) : typed

/** Whether what is typed is within the bound. */
export const fitsThreshold = ({ unit }: ThresholdField, typed: number | null): boolean =>
  typed !== null &&
  Number.isFinite(typed) &&
  (unit === '%' ? typed >= 0 && typed <= 100 : Number.isInteger(typed) && typed >= 1 && typed <= 1_000_000)

export const boundOf = ({ unit }: ThresholdField): string =>
  unit === '%' ? '0 to 100' : 'a whole number, 1 or more'

/** `≥ 50 %` */
export const inWords = (field: ThresholdField, value: number): string =>
  `${field.sign} ${field.unit === '%' ? `${typedOf(field, value)} %` : whole(value)}`

/** What a change changed, in words. */
export const changeWords = (before: CriticThresholds, after: CriticThresholds): string =>
  thresholdFields
    .filter(({ key }) => before[key] !== after[key])
    .map(
      (field) => `${field.title} ${inWords(field, before[field.key])} → ${inWords(field, after[field.key])}`
    )
    .join('; ')
