/** One answer of a batch: a number per token, and whether its critique counts. */
export interface Sample {
  readonly values: Float32Array
  /** False: the critique failed, so that the answer has no part in any mean, variance or gradient. */
  readonly ok: boolean
}

/** Sum and count over the tokens of the answers that count. */
export interface TokenSums {
  readonly tokens: number
  readonly sum: number
  readonly squares: number
}

export function sumTokens(batch: readonly Sample[]): TokenSums {
  let tokens = 0
  let sum = 0
  let squares = 0
  for (const { values, ok } of batch) {
    if (!ok) continue
    tokens += values.length
    for (const value of values) {
      sum += value
      squares += value * value
    }
  }
  return { tokens, sum, squares }
}

/** A new value for every token of the answers that count, and 0 for the others. */
export function mapTokens(
  batch: readonly Sample[],
  change: (value: number) => number
): Float32Array<ArrayBuffer>[] {
  return batch.map(({ values, ok }) =>
    ok ? Float32Array.from(values, change) : new Float32Array(values.length)
  )
}
