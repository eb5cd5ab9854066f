import { mapTokens, sumTokens, type Sample } from './batch'

/**
 * How advantages are brought to a common size before the step (method 9.5; reading 4 of 9.7).
 * - `floored`: divided by their RMS, but never by much less than lately; not centred.
 * - `whitened`: mean 0 and variance 1, as the reference implementation and TRL do. It gives unmarked tokens the
 *   opposite sign and blows up a batch in which next to nothing was marked.
 * - `raw`: as they are.
 */
export type AdvantageScaling = 'floored' | 'whitened' | 'raw'

/** What the floor remembers; part of a checkpoint. */
export interface FloorState {
  readonly floor: number
}
export const initialFloor: FloorState = { floor: 0 }

/** Of the floor a step. */
const decay = 0.99
/** Advantages that were never larger than this are not scaled up to 1: they are KL noise. */
const smallest = 0.01

/**
 * Divides by the largest RMS of late: floor ← max(RMS of this batch, 0.99 × floor). A silent batch after loud ones
 * stays silent, and one in which nothing was marked stays 0.
 */
export function floored(
  batch: readonly Sample[],
  state: FloorState
): { readonly advantages: Float32Array<ArrayBuffer>[]; readonly state: FloorState } {
  const { tokens, squares } = sumTokens(batch)
  const rms = tokens === 0 ? 0 : Math.sqrt(squares / tokens)
  const floor = Math.max(rms, decay * state.floor)
  const scale = Math.max(floor, smallest)
  return { advantages: mapTokens(batch, (value) => value / scale), state: { floor } }
}

/** Keeps the division finite, as in the reference implementation. */
const epsilon = 1e-8

/** Mean 0, variance 1 over the tokens of the answers that count (unbiased variance). */
export function whitened(batch: readonly Sample[]): Float32Array<ArrayBuffer>[] {
  const { tokens, sum } = sumTokens(batch)
  const mean = tokens === 0 ? 0 : sum / tokens
  const centred = mapTokens(batch, (value) => value - mean)
  const { squares } = sumTokens(centred.map((values, i) => ({ values, ok: batch[i].ok })))
  const scale = Math.sqrt(squares / Math.max(1, tokens - 1) + epsilon)
  return centred.map((values) => values.map((value) => value / scale))
}

export const raw = (batch: readonly Sample[]): Float32Array<ArrayBuffer>[] =>
  mapTokens(batch, (value) => value)

/** The three by name. Only `floored` changes the state. */
export function scaleAdvantages(
  scaling: AdvantageScaling,
  batch: readonly Sample[],
  state: FloorState
): { readonly advantages: Float32Array<ArrayBuffer>[]; readonly state: FloorState } {
  if (scaling === 'floored') return floored(batch, state)
  return { advantages: scaling === 'whitened' ? whitened(batch) : raw(batch), state }
}
