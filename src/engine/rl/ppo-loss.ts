import {
  absolute,
  add,
  clip,
  exponential,
  greater,
  cast,
  maximum,
  minimum,
  multiply,
  negate,
  square,
  subtract,
  type Graph,
  type Value
} from '../graph'
import type { Loss } from './loss'
import { policyPass, type PassOptions } from './policy-pass'
import { meanBy } from './shares'

/**
 * Span-level PPO's loss on a batch of sampled sequences, token by token; means are by `shares`
 * (`tokenShares`: 0 for a token that is not trained on).
 *
 *   ratio  = exp(log p(token) - old log p)
 *   policy = - mean min(ratio · A, clip(ratio, 1 ± clip) · A)
 *   value  = ½ mean max((v - R)², (old v + clip(v - old v, ± valueClip) - R)²)
 *   loss   = policyCoefficient · policy + valueCoefficient · value + klCoefficient · KL(policy ‖ reference)
 *
 * Source: Schulman et al., Proximal Policy Optimization, equation 7; the clipped value loss is that of its published
 * code. Advantages A per token are Text2Grad's span-level signal.
 */
export function ppoLoss(graph: Graph, options: PassOptions): Loss {
  const pass = policyPass(graph, options)
  const setting = (name: string): Value => graph.input(name, 'float32', [])
  const shares = pass.perToken('shares')
  const advantages = pass.perToken('advantages')
  const meanOf = (x: Value): Value => meanBy(shares, x)

  const logRatio = subtract(pass.logProb, pass.perToken('oldLogProbs'))
  const ratio = exponential(logRatio)
  const range = setting('clip')
  const clipped = clip(ratio, subtract(1, range), add(1, range))
  const policyLoss = negate(meanOf(minimum(multiply(ratio, advantages), multiply(clipped, advantages))))
  let loss = multiply(setting('policyCoefficient'), policyLoss)
  const terms = new Map([['policyLoss', policyLoss]])

  if (pass.values) {
    const returns = pass.perToken('returns')
    const oldValues = pass.perToken('oldValues')
    const valueRange = setting('valueClip')
    const change = clip(subtract(pass.values, oldValues), negate(valueRange), valueRange)
    const free = square(subtract(pass.values, returns))
    const bounded = square(subtract(add(oldValues, change), returns))
    const valueLoss = multiply(meanOf(maximum(free, bounded)), 0.5)
    loss = add(loss, multiply(setting('valueCoefficient'), valueLoss))
    terms.set('valueLoss', valueLoss)
  }
  if (pass.kl) {
    const kl = meanOf(pass.kl)
    loss = add(loss, multiply(setting('klCoefficient'), kl))
    terms.set('kl', kl)
  }
  terms.set('ratio', meanOf(ratio))
  terms.set('approxKl', meanOf(subtract(subtract(ratio, 1), logRatio)))
  const outside = cast(greater(absolute(subtract(ratio, 1)), range), 'float32')
  terms.set('clipFraction', meanOf(outside))
  return { graph, loss, terms, parameters: pass.parameters }
}
