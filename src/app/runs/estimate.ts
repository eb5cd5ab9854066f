import type { RunConfig } from '../../contract/run-config'

/** The numbers of a model that memory and time depend on. */
export interface ModelSize {
  readonly parameters: number
  readonly layers: number
  readonly hidden: number
  readonly intermediate: number
  readonly heads: number
  readonly vocabulary: number
}

export interface RunShape {
  /** Sequences a step, and tokens a sequence, prompt included. */
  readonly rows: number
  readonly length: number
  readonly newTokens: number
}

/** Float32 multiply-adds that one thread of an ordinary desktop does in a second, and how much slower decoding is. */
const SPEED_PER_THREAD = 8e9
const DECODING_PENALTY = 6
/** The program, the runtime and its graphs, before any weight is read. */
const BASE_BYTES = 250e6

/**
 * Memory in bytes and time in seconds, to the nearest factor of two or so: enough to say "this will not fit" before
 * an hour is lost. Activations are those kept for the backward pass; a session keeps its own arena.
 */
export function estimateRun(
  config: RunConfig,
  size: ModelSize,
  shape: RunShape
): { memoryBytes: number; seconds: number } {
  const tokens = shape.rows * shape.length
  const trained = config.lora === null ? size.parameters : loraParameters(config.lora, size)
  const perLayer = 12 * size.hidden + 5 * size.intermediate + 3 * size.heads * shape.length
  const activations = 4 * tokens * (size.layers * perLayer + 4 * size.vocabulary)
  const sessions = config.source === 'rollouts' ? 3 : 2
  // Weights in every session; parameter, gradient and two moments of what is trained; scoring keeps about a quarter.
  const memoryBytes = BASE_BYTES + sessions * 4 * size.parameters + 4 * 6 * trained + 1.25 * activations

  const forward = 2 * tokens * (size.parameters + size.layers * size.hidden * shape.length)
  const scoring = config.source === 'rollouts' ? 4 : 3
  const decoding = config.source === 'rollouts' ? DECODING_PENALTY : 0
  const work = forward * (scoring + decoding + 3 * config.algorithm.epochs)
  return { memoryBytes, seconds: (config.steps * work) / (2 * SPEED_PER_THREAD * config.threads) }
}

function loraParameters(lora: NonNullable<RunConfig['lora']>, size: ModelSize): number {
  const wide = new Set(['gate_proj', 'up_proj', 'down_proj'])
  const sides = lora.modules.map((name) => size.hidden + (wide.has(name) ? size.intermediate : size.hidden))
  return size.layers * lora.rank * sides.reduce((sum, side) => sum + side, 0)
}
