import type { Graph } from '../graph'
import { weightBytes, type Model, type Trainable } from '../models/model'
import { parameterShapes } from '../models/parameters'
import type { Runtime, RunSizes } from '../session'
import { activationBytes } from './activations'
import { byteCount } from './phantom-model'
import { sessionWeightBytes } from './session-weights'

/** What one session takes, in bytes. */
export interface SessionMemory {
  /** `generator`, `scorer`, `step`: as the caller named it. */
  readonly name: string
  /** Copies of the model's weights that the session keeps for itself. */
  readonly weights: number
  /** Everything that is computed on the way, at its largest. */
  readonly activations: number
  /** Keys and values of the tokens so far, as they wait between two runs: at their longest, old and new together. */
  readonly cache: number
}

/** Bytes, all resident at the worst moment. */
export interface MemoryEstimate {
  /** The program and its libraries, before any model is opened. */
  readonly program: number
  /** The model's own weights, once, whatever reads them. */
  readonly weights: number
  /** What is trained: an adapter or a copy of every weight, and a value head. */
  readonly trained: number
  /** The optimiser's two moments. */
  readonly optimizer: number
  /** The results of an update on their way back, and those of the last one until they are collected. */
  readonly results: number
  readonly sessions: readonly SessionMemory[]
  readonly total: number
}

/** Node, ONNX Runtime's library and our own code, as they are before a model is opened (bytes). */
const programBytes = 120 * 2 ** 20
/** What V8 lets gather outside its heap before it looks for garbage (bytes). */
const uncollected = 64 * 2 ** 20

export interface EstimateOptions {
  readonly model: Model
  readonly trainable: Trainable
  readonly value: boolean
  /** Opens every session that will be open at the same time, on the runtime that it is given for it. */
  readonly open: (runtimeFor: (name: string) => Runtime) => Promise<unknown>
}

/**
 * Memory before anything is loaded: the very code that opens the sessions is run on a model without weights and a
 * runtime that only looks at the graphs. Holds for the CPU; another device keeps the sessions in its own memory.
 */
export async function estimateMemory(options: EstimateOptions): Promise<MemoryEstimate> {
  const { model, trainable, value, open } = options
  const graphs: { readonly name: string; readonly graph: Graph; readonly runs?: readonly RunSizes[] }[] = []
  await open((name) => recorder((graph, runs) => graphs.push({ name, graph, runs })))

  const weights = weightBytes(model)
  const shapes =
    trainable.kind === 'none' ? [] : [...parameterShapes(model.config, trainable, value).values()]
  const trained = shapes.reduce((sum, shape) => sum + byteCount({ dtype: 'float32', shape }), 0)
  // Parameter and moments come back at every update; as much again is garbage until it is collected.
  const results = trained === 0 ? 0 : 3 * trained + Math.max(3 * trained, uncollected)
  const kept = programBytes + weights + 3 * trained
  let opening = kept
  let whileOpening = 0
  const sessions = graphs.map(({ name, graph, runs }) => {
    const constants = sessionWeightBytes(graph)
    whileOpening = Math.max(whileOpening, opening + constants.opening)
    opening += constants.kept
    const cache = Math.max(0, ...(runs ?? []).map(({ waiting }) => waiting))
    return { name, weights: constants.kept, activations: activationBytes(graph, runs), cache }
  })
  const running = sessions.reduce(
    (sum, { activations, cache }) => sum + activations + cache,
    opening + results
  )
  return {
    program: programBytes,
    weights,
    trained,
    optimizer: 2 * trained,
    results,
    sessions,
    total: Math.round(Math.max(whileOpening, running))
  }
}

/** A runtime that looks at graphs and runs none. */
const recorder = (record: (graph: Graph, runs?: readonly RunSizes[]) => void): Runtime => ({
  open: (graph, options) => {
    record(graph, options?.runs)
    return Promise.resolve({
      run: () => Promise.reject(new Error('A session made for an estimate does not run.')),
      release: () => Promise.resolve()
    })
  }
})
