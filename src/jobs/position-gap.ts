/** Change of one answer's log-probabilities, and the label (−1, 0, 1) of each of its tokens. */
export interface ChangedAnswer {
  readonly change: Float32Array
  readonly labels: Int8Array
}

/** Tenths of an answer. */
const BINS = 10

/**
 * How much further the tokens of one label moved than neutral ones at the same tenth of an answer, in nats: the mean
 * over the labelled tokens of their bin's difference. A model that has only learnt *where* people mark (late, say)
 * shows a gap that vanishes here. Undefined when no bin holds both.
 */
export function positionMatchedGap(answers: readonly ChangedAnswer[], label: -1 | 1): number | undefined {
  const marked = Array.from({ length: BINS }, () => ({ sum: 0, count: 0 }))
  const neutral = Array.from({ length: BINS }, () => ({ sum: 0, count: 0 }))
  for (const { change, labels } of answers)
    labels.forEach((own, token) => {
      if (own !== label && own !== 0) return
      const bin = (own === label ? marked : neutral)[Math.floor((token * BINS) / labels.length)]
      bin.sum += change[token]
      bin.count++
    })
  let sum = 0
  let count = 0
  marked.forEach((bin, index) => {
    const other = neutral[index]
    if (bin.count === 0 || other.count === 0) return
    sum += bin.sum - bin.count * (other.sum / other.count)
    count += bin.count
  })
  return count === 0 ? undefined : sum / count
}
