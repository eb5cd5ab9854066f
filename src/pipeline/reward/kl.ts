/**
 * The policy's distance from the model it started from, per sampled token: log π(a) − log π_ref(a), in nats (the
 * estimator k1 of J. Schulman, "Approximating KL divergence", 2020). Unbiased only on the policy's own samples.
 */
export function k1(logProbs: Float32Array, referenceLogProbs: Float32Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(logProbs, (logProb, token) => logProb - referenceLogProbs[token])
}

/** Span rewards minus β × KL, token by token: KL in the reward, and then nowhere else (method 9.5). */
export function rewardsWithKl(
  spanRewards: Float32Array,
  kl: Float32Array,
  coefficient: number
): Float32Array<ArrayBuffer> {
  return Float32Array.from(spanRewards, (reward, token) => reward - coefficient * kl[token])
}
