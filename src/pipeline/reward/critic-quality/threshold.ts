/** Something with a score, and whether it should be above the threshold. */
export interface Scored {
  readonly score: number
  readonly wanted: boolean
}

/** The lowest score that counts as "yes" where F1 is best; Infinity where nothing is wanted. */
export function bestThreshold(items: readonly Scored[]): number {
  const sorted = [...items].sort((a, b) => b.score - a.score)
  const wanted = sorted.filter((item) => item.wanted).length
  let best = 0
  let threshold = Infinity
  let hits = 0
  for (let i = 0; i < sorted.length; i++) {
    if (sorted[i].wanted) hits++
    if (i + 1 < sorted.length && sorted[i + 1].score === sorted[i].score) continue
    const f1 = (2 * hits) / (i + 1 + wanted)
    if (f1 <= best) continue
    best = f1
    threshold = sorted[i].score
  }
  return threshold
}
