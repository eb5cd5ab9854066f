import type { Graph, HostTensor, Shape } from './graph'

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
  /** For whoever measures a graph without running it: the runs that take most, where inputs have axes of any size. */
  readonly runs?: readonly RunSizes[]
}

/** What a run feeds where its graph leaves it open. */
export interface RunSizes {
  /** Sizes of inputs, by name. */
  readonly sizes: ReadonlyMap<string, Shape>
  /** Of its Loop. */
  readonly turns: number
  /** Bytes that wait outside the session between two such runs. */
  readonly waiting: number
}

/**
 * What runs graphs. The engine is written against this; `runtime/session.ts` makes one on ONNX Runtime. `open` verifies
 * and encodes the graph. Sessions are costly and ONNX Runtime leaks when many are made: open each once a run.
 */
export interface Runtime {
  open(graph: Graph, options?: OpenOptions): Promise<Session>
}
