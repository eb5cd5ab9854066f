import type { Node, Value } from './graph'

/** The forward node or group that a rule differentiates. */
export interface RuleContext {
  readonly inputs: readonly Value[]
  readonly outputs: readonly Value[]
  /** Absent for a group. */
  readonly node?: Node
}

/**
 * A vector-Jacobian product. It is given the gradient of the first output, and those of all (null where nothing
 * depends on one), and says how to make the gradient of each input, or null where there is none. Only what is needed
 * is made. A gradient may still have the broadcast shape; it is summed down to its input's shape afterwards.
 */
export type GradientRule = (
  context: RuleContext,
  gradient: Value,
  gradients: readonly (Value | null)[]
) => readonly ((() => Value) | null)[]
