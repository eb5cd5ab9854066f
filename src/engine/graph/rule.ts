import type { Node, Value } from './graph'

/** What a gradient rule is given: the forward node or group, and which of its inputs need a gradient. */
export interface RuleContext {
  readonly inputs: readonly Value[]
  readonly outputs: readonly Value[]
  readonly needs: readonly boolean[]
  /** Absent for a group. */
  readonly node?: Node
}

/**
 * A vector-Jacobian product: from the gradients of the outputs (null where nothing depends on one) to those of the
 * inputs (null where none is needed or none exists). It adds its nodes to the graph of the values.
 */
export type GradientRule = (
  context: RuleContext,
  gradients: readonly (Value | null)[]
) => readonly (Value | null)[]
