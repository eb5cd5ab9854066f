/** Per token of one answer. */
export interface Estimate {
  readonly advantages: Float32Array<ArrayBuffer>
  /** What the value head learns: advantage + value. */
  readonly returns: Float32Array<ArrayBuffer>
}

/**
 * Generalised advantage estimation (Schulman et al., arXiv 1506.02438, equation 16), from the end backwards:
 * δ_t = r_t + γ V_{t+1} − V_t and A_t = δ_t + γ λ A_{t+1}; nothing comes after the last token.
 * With values of 0 it is the sum of the rewards to come, discounted by γ λ.
 */
export function gae(rewards: Float32Array, values: Float32Array, gamma: number, lambda: number): Estimate {
  const advantages = new Float32Array(rewards.length)
  const returns = new Float32Array(rewards.length)
  let nextAdvantage = 0
  let nextValue = 0
  for (let token = rewards.length - 1; token >= 0; token--) {
    const delta = rewards[token] + gamma * nextValue - values[token]
    nextAdvantage = delta + gamma * lambda * nextAdvantage
    nextValue = values[token]
    advantages[token] = nextAdvantage
    returns[token] = nextAdvantage + nextValue
  }
  return { advantages, returns }
}

/** The rewards to come at every token, discounted by γ λ: GAE without a value head. */
export function rewardsToGo(rewards: Float32Array, gamma: number, lambda: number): Float32Array<ArrayBuffer> {
  return gae(rewards, new Float32Array(rewards.length), gamma, lambda).advantages
}
