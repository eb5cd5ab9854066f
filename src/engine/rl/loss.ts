import type { Graph, Value } from '../graph'

/** A loss inside a graph, ready to be differentiated. */
export interface Loss {
  readonly graph: Graph
  /** Scalar. */
  readonly loss: Value
  /** Scalars that are reported with every step; parts of the loss come first. */
  readonly terms: ReadonlyMap<string, Value>
  /** What is trained, by name. */
  readonly parameters: ReadonlyMap<string, Value>
  /** Inputs that say what an adapter's dropout leaves out, [rows, inputs] each; see `dropoutInputs`. */
  readonly masks?: ReadonlyMap<string, Value>
}
