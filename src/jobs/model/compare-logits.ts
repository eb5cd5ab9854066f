import type { DecoderConfig } from '../../engine/models/decoder-config'

/** What the weights of an export were rounded to. */
export type Precision = 'F32' | 'F16' | 'BF16' | 'Q8_0'

/**
 * How far logits may move for each unit of the largest logit, when weights are rounded so. For F32, where nothing is
 * rounded but sums, it is what two orders of adding differ by.
 */
const explained: Readonly<Record<Precision, number>> = { F32: 1e-5, F16: 5e-3, BF16: 5e-2, Q8_0: 5e-2 }
/** Logits: below this no tolerance goes for small ones. */
const leastScale = 10

export interface LogitComparison {
  readonly largestLogitDifference: number
  readonly tolerance: number
  readonly tokens: number
  readonly sound: boolean
}

/** Positions compared, at most. */
const mostTokens = 32

type Logits = (ids: readonly number[]) => Promise<Float32Array>

/** Logits of the same tokens under both, one after the other, so that only one of them is in memory. */
export async function compareLogits(
  config: DecoderConfig,
  precision: Precision,
  { original, exported }: { readonly original: Logits; readonly exported: Logits }
): Promise<LogitComparison> {
  const ids = spreadIds(config)
  const wanted = await original(ids)
  const found = await exported(ids)
  let [largest, scale] = [0, leastScale]
  for (let i = 0; i < wanted.length; i++) {
    const difference = Math.abs(wanted[i] - found[i])
    if (!(difference <= largest)) largest = difference
    scale = Math.max(scale, Math.abs(wanted[i]))
    // A NaN on either side stays the largest.
    if (Number.isNaN(largest)) break
  }
  const tolerance = explained[precision] * scale
  return { largestLogitDifference: largest, tolerance, tokens: ids.length, sound: largest <= tolerance }
}

/** The start token, then tokens from all over the vocabulary: multiples of the golden section. */
function spreadIds({ vocabularySize, contextLength, beginToken }: DecoderConfig): number[] {
  const golden = (Math.sqrt(5) - 1) / 2
  return Array.from({ length: Math.min(mostTokens, contextLength) }, (_, t) =>
    t === 0 && beginToken !== null ? beginToken : Math.floor(((t * golden) % 1) * vocabularySize)
  )
}
