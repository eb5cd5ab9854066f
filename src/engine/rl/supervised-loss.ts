import { negate, type Graph } from '../graph'
import type { Loss } from './loss'
import { policyPass, type PassOptions } from './policy-pass'
import { keptCount, maskedMean } from './token-terms'

/** Cross-entropy: the mean of -log p over the tokens that the mask keeps, in nats. */
export function supervisedLoss(graph: Graph, options: PassOptions): Loss {
  const pass = policyPass(graph, { ...options, value: false, reference: false })
  const mask = pass.perToken('mask')
  const loss = negate(maskedMean(pass.logProb, mask, keptCount(mask)))
  return { graph, loss, terms: new Map(), parameters: pass.parameters }
}
