/**
 * Weights of a stored answer's tokens for `span-offline` (method 9.5, 9.7): the rewards minus their mean over the
 * answer, so that they sum to zero. Pushing poor words down without lifting the others lowers everything. An answer
 * with no marked token, or with all tokens marked alike, has nothing to contrast and weighs nothing.
 */
export function contrastiveWeights(rewards: Float32Array): Float32Array<ArrayBuffer> {
  const mean = rewards.reduce((sum, reward) => sum + reward, 0) / Math.max(1, rewards.length)
  return Float32Array.from(rewards, (reward) => reward - mean)
}
