import { isSize, quickUniform, sizes, type SizeName } from '../support/models'
import type { PpoBatch } from '../../src/engine/rl/ppo-step'

/** A shape of batch on one of the models. */
export interface Case {
  readonly size: SizeName
  readonly batch: number
  readonly length: number
}

export const caseText = ({ size, batch, length }: Case): string => `${size}:${batch}x${length}`

export const caseName = ({ size, batch, length }: Case): string => `${size} B${batch}×T${length}`

/** Of answers of mixed lengths, the most padding of a row: lengths from a quarter of the longest. */
export const mixed = 0.75

/** `m6:8x128` */
export function parseCase(text: string): Case {
  const match = /^(\w+):(\d+)x(\d+)$/.exec(text)
  if (!match || !isSize(match[1])) throw new Error(`${text} is no case; m6:8x128 is one.`)
  return { size: match[1], batch: Number(match[2]), length: Number(match[3]) }
}

/**
 * A batch as rollouts have it and the prototype draws it: every row has up to a fifth of padding; the first 30 % of the
 * rest is the prompt, what follows is the response. `mostPadding` is another share than a fifth. (The prototype pads on the left, we on the right.)
 */
export function randomBatch(
  { size, batch, length }: Case,
  mostPadding = 0.2
): PpoBatch & { readonly responseTokens: number; readonly lengths: readonly number[] } {
  const draw = quickUniform(5)
  const count = batch * length
  const perToken = (make: () => number): Float32Array => Float32Array.from({ length: count }, make)
  const mask = new Float32Array(count)
  const lengths: number[] = []
  for (let row = 0; row < batch; row++) {
    const padding = Math.floor(draw() * length * mostPadding)
    const prompt = Math.floor((length - padding) * 0.3)
    lengths.push(length - padding)
    mask.fill(1, row * length + prompt, (row + 1) * length - padding - 1)
  }
  const certainty = -Math.log(sizes[size].vocabulary)
  return {
    ids: BigInt64Array.from({ length: count }, () => BigInt(Math.floor(draw() * sizes[size].vocabulary))),
    mask,
    lengths,
    responseTokens: mask.reduce((total, kept) => total + kept, 0),
    oldLogProbs: perToken(() => certainty + (draw() - 0.5) * 0.6),
    advantages: perToken(() => draw() * 2 - 1),
    returns: perToken(() => draw() - 0.5),
    oldValues: perToken(() => (draw() - 0.5) * 0.5),
    temperature: 1
  }
}
