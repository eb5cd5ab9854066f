import { philox4x32 } from './philox'

/**
 * All chance of the product. Every random number is a pure function of (seed, stream, step, sample, token), so that a
 * resumed run draws what the unbroken run would have drawn, and a sample does not depend on its neighbours in the
 * batch. Nothing else in the product may be random.
 */

/** What a number is drawn for. Two purposes never share numbers. A number here is part of old runs: never reuse one. */
export const streams = {
  /** One uniform number for each sampled token. */
  sampling: 0,
  /** Initial values of trained weights. */
  parameters: 1,
  /** Which answers or prompts go into which step. */
  order: 2,
  /** The control conditions: shuffled, rotated and random spans. */
  control: 3,
  /** Answers sampled for evaluation and review. */
  evaluation: 4,
  /** Bootstrap intervals. */
  bootstrap: 5,
  /** Made-up text: the starter model's stories. */
  text: 6,
  /** Answers sampled into a project, to be annotated. */
  collect: 7,
  /** Inputs that an adapter's dropout leaves out. */
  dropout: 8,
  /** Which documents of an import are held out. */
  split: 9,
  /** Where the random spans of a critic's baseline lie. */
  randomSpans: 10,
  /** In which order a critic's baseline learns its words. */
  bagOfWords: 11,
  /** Tokens of a critic's replies: an answer has its own numbers, wherever it is judged. */
  replies: 12
} as const
export type Stream = keyof typeof streams

const two24 = 2 ** -24
const two32 = 2 ** -32

/** 24 bits: every value is exact in float32 as well, so that rounding never makes it 1. */
const toUniform = (word: number): number => (word >>> 8) * two24

/** Counter words: token, sample, step, stream. Key words: the seed's low and high halves (seeds reach 2^53). */
function block(
  out: Uint32Array,
  seed: number,
  stream: Stream,
  step: number,
  sample: number,
  token: number
): Uint32Array {
  return philox4x32(out, token, sample, step, streams[stream], seed >>> 0, Math.floor(seed * two32))
}

/** The number of one token: uniform in [0, 1), a multiple of 2^-24. */
export function uniform(seed: number, stream: Stream, step: number, sample: number, token: number): number {
  return toUniform(block(new Uint32Array(4), seed, stream, step, sample, token)[0])
}

/** Numbers for every sample of a step, from `firstSample` on: [samples, each], row-major. */
type Fill = (
  seed: number,
  stream: Stream,
  step: number,
  samples: number,
  each: number,
  firstSample?: number
) => Float32Array<ArrayBuffer>

/** The first `words` words of each block, and then the next block. */
const fill =
  (words: 1 | 4): Fill =>
  (seed, stream, step, samples, each, firstSample = 0) => {
    const numbers = new Float32Array(samples * each)
    const made = new Uint32Array(4)
    for (let sample = 0; sample < samples; sample++)
      for (let index = 0; index < each; index++) {
        if (index % words === 0) block(made, seed, stream, step, firstSample + sample, index / words)
        numbers[sample * each + index] = toUniform(made[index % words])
      }
    return numbers
  }

/** `uniform` for every token of every sample of a step: [samples, tokens], row-major. */
export const uniforms = fill(1)

/**
 * The same where numbers are needed by the million: four of them from each block, so that entry 4n of a sample is the
 * number of token n, and the three after it are the block's other words.
 */
export const denseUniforms = fill(4)

/** Numbers drawn one after another: the n-th draw is the block of token n. */
export interface Chance {
  /** Uniform in [0, 1). */
  uniform(): number
  /** Standard normal. */
  normal(): number
  /** Uniform in 0 … n − 1; n at most 2^32. */
  integer(n: number): number
  /** A new array in random order. */
  shuffle<T>(items: readonly T[]): T[]
}

/** A sequence of draws that belongs to one sample of one step. Two calls with the same arguments repeat it. */
export function chance(seed: number, stream: Stream, step = 0, sample = 0): Chance {
  const words = new Uint32Array(4)
  let drawn = 0
  const next = (): Uint32Array => block(words, seed, stream, step, sample, drawn++)

  const integer = (n: number): number => {
    // Words past the last whole multiple of n would favour small results: they are drawn again.
    const limit = 2 ** 32 - (2 ** 32 % n)
    for (;;) {
      const word = next()[0]
      if (word < limit) return word % n
    }
  }

  return {
    uniform: () => toUniform(next()[0]),
    normal: () => {
      // Box & Muller 1958. The radius takes 1 − u, in (0, 1], whose logarithm is finite.
      const [first, second] = next()
      const radius = Math.sqrt(-2 * Math.log(1 - first * two32))
      return radius * Math.cos(2 * Math.PI * second * two32)
    },
    integer,
    shuffle: (items) => {
      // Fisher & Yates, from the end.
      const order = [...items]
      for (let last = order.length - 1; last > 0; last--) {
        const other = integer(last + 1)
        const moved = order[last]
        order[last] = order[other]
        order[other] = moved
      }
      return order
    }
  }
}
