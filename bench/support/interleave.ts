import type { Variant } from './variant'

const warmUp = 2

export const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[numbers.length >> 1]

/** Lets the variants take turns, so that what else the machine does meets all of them; fills their times. */
async function interleave(variants: readonly Variant[], rounds: number): Promise<void> {
  for (const variant of variants) await variant.ready()
  for (let round = 0; round < warmUp + rounds; round++)
    for (const variant of variants) {
      const before = variant.processor()
      const { ms } = await variant.turn()
      if (round < warmUp) continue
      variant.times.push(ms)
      variant.processorTimes.push(variant.processor() - before)
    }
}

/** The same, then a look at what was measured; the variants are ended whatever happens. */
export async function race(variants: readonly Variant[], rounds: number, look: () => void): Promise<void> {
  try {
    await interleave(variants, rounds)
    look()
  } finally {
    for (const variant of variants) variant.stop()
  }
}
