import type { Sample } from './batch'

/** Rewards to come of an answer, and the prompt it answers. */
export interface GroupedSample extends Sample {
  readonly prompt: string | number
}

/**
 * Rewards to come minus what the other answers to the same prompt got from the same token on (Kool, van Hoof &
 * Welling 2019, "Buy 4 REINFORCE samples, get a baseline for free!", kept per token). An answer that has ended gets
 * nothing any more: it counts as 0. An answer whose fellows all failed has no baseline. Failed answers come out as 0.
 */
export function leaveOneOut(batch: readonly GroupedSample[]): Float32Array<ArrayBuffer>[] {
  const totals = new Map<string | number, { sum: Float64Array; answers: number }>()
  for (const { prompt, values, ok } of batch) {
    if (!ok) continue
    const total = totals.get(prompt) ?? { sum: new Float64Array(0), answers: 0 }
    const sum = new Float64Array(Math.max(total.sum.length, values.length))
    sum.set(total.sum)
    values.forEach((value, token) => (sum[token] += value))
    totals.set(prompt, { sum, answers: total.answers + 1 })
  }
  return batch.map(({ prompt, values, ok }) => {
    const total = totals.get(prompt)
    if (!ok || !total) return new Float32Array(values.length)
    const others = total.answers - 1
    return Float32Array.from(values, (value, token) =>
      others === 0 ? value : value - (total.sum[token] - value) / others
    )
  })
}
