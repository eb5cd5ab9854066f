import { and, greaterOrEqual, lessOrEqual, where, type GradientRule } from '../graph'

/** Of two equal operands the first gets the gradient. */
export const minimumRule: GradientRule = ({ inputs: [a, b] }, d) => [
  () => where(lessOrEqual(a, b), d, 0),
  () => where(lessOrEqual(a, b), 0, d)
]

export const maximumRule: GradientRule = ({ inputs: [a, b] }, d) => [
  () => where(greaterOrEqual(a, b), d, 0),
  () => where(greaterOrEqual(a, b), 0, d)
]

/** The limits themselves count as inside. */
export const clipRule: GradientRule = ({ inputs: [a, low, high] }, d) => [
  () => where(and(greaterOrEqual(a, low), lessOrEqual(a, high)), d, 0),
  null,
  null
]

export const whereRule: GradientRule = ({ inputs: [condition] }, d) => [
  null,
  () => where(condition, d, 0),
  () => where(condition, 0, d)
]
