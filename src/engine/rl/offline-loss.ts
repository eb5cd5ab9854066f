import {
  add,
  clip,
  exponential,
  gatherElements,
  logarithm,
  maximum,
  minimum,
  multiply,
  negate,
  reshape,
  subtract,
  type Graph,
  type Value
} from '../graph'
import type { Loss } from './loss'
import { policyPass, type PassOptions, type PolicyPass } from './policy-pass'
import { meanBy } from './shares'

export type Surrogate = 'unlikelihood' | 'clipped'

export interface OfflineOptions extends PassOptions {
  /** `unlikelihood` (the default) or the ratio-clipped log-likelihood. */
  readonly surrogate?: Surrogate
}

/** Keeps log(1 - p) finite where p rounds to 1. */
const certainty = 1e-6

/**
 * The loss on stored answers, of per-token weights w. Means are by `shares` (`answerShares`): each answer
 * counts as the mean over its own tokens that are trained on, and the batch as the mean over such answers.
 *
 *   unlikelihood: - w log p where w > 0, - |w| log(1 - p) where w < 0
 *   clipped:      - min(r · w, clip(r, 1 ± clip) · w) with r = p / reference p
 *   loss = that + klCoefficient · KL(policy ‖ reference), over the whole vocabulary
 *
 * Sources: Welleck et al., Neural Text Generation with Unlikelihood Training, for log(1 - p); the clipped form is
 * PPO's objective with weights in place of advantages.
 */
export function offlineLoss(graph: Graph, options: OfflineOptions): Loss {
  const { surrogate = 'unlikelihood' } = options
  const pass = policyPass(graph, { ...options, reference: true, value: false, dropout: true })
  const shares = pass.perToken('shares')
  const weights = pass.perToken('weights')
  const meanOf = (x: Value): Value => meanBy(shares, x)

  const preference = meanOf(
    surrogate === 'unlikelihood'
      ? unlikelihood(pass.logProb, weights)
      : clippedLikelihood(graph, pass, weights)
  )
  if (!pass.kl) throw new Error('The offline loss needs the reference.')
  const kl = meanOf(pass.kl)
  const loss = add(preference, multiply(graph.input('klCoefficient', 'float32', []), kl))
  return {
    graph,
    loss,
    terms: new Map([
      ['preferenceLoss', preference],
      ['kl', kl]
    ]),
    parameters: pass.parameters,
    masks: pass.masks
  }
}

function unlikelihood(logProb: Value, weights: Value): Value {
  const wanted = multiply(maximum(weights, 0), logProb)
  const other = logarithm(subtract(1 + certainty, exponential(logProb)))
  return negate(add(wanted, multiply(maximum(negate(weights), 0), other)))
}

function clippedLikelihood(graph: Graph, pass: PolicyPass, weights: Value): Value {
  if (!pass.referenceDistribution) throw new Error('The clipped surrogate needs the reference.')
  const referenceLogProb = reshape(gatherElements(pass.referenceDistribution, pass.tokens), weights.shape)
  const ratio = exponential(subtract(pass.logProb, referenceLogProb))
  const range = graph.input('clip', 'float32', [])
  const clipped = clip(ratio, subtract(1, range), add(1, range))
  return negate(minimum(multiply(ratio, weights), multiply(clipped, weights)))
}
