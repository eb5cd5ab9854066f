/** How strongly the coefficient follows the error, and the largest error that counts (Ziegler et al., as below). */
const gain = 0.1
const largestError = 0.2

/**
 * The next KL coefficient: raised while the policy is farther from its start than `target` (nats a sequence), lowered
 * while it is nearer (Ziegler et al., arXiv 1909.08593, section 2.2). With no target it stays as it is.
 */
export function nextKlCoefficient(coefficient: number, kl: number, target: number | null): number {
  if (target === null) return coefficient
  const error = Math.max(-largestError, Math.min(largestError, (kl - target) / target))
  return coefficient * (1 + gain * error)
}
