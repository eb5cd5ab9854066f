import type { Graph, HostTensor } from './graph'

/** Tensors by input or output name. */
export type Tensors = Record<string, HostTensor>

/** A graph that is ready to run. */
export interface Session {
  /** Runs the graph once. `outputs` names what is wanted; left out, everything. Results are fresh copies. */
  run(inputs: Tensors, outputs?: readonly string[]): Promise<Tensors>
  release(): Promise<void>
}

export interface OpenOptions {
  /** Off for float64 graphs: fusions make operators that have no float64 kernel. Default on. */
  readonly optimise?: boolean
}

/**
 * What runs graphs. The engine is written against this; `runtime/session.ts` makes one on ONNX Runtime. `open` verifies
 * and encodes the graph. Sessions are costly and ONNX Runtime leaks when many are made: open each once a run.
 */
export interface Runtime {
  open(graph: Graph, options?: OpenOptions): Promise<Session>
}
