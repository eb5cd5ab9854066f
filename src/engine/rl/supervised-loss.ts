import { negate, type Graph } from '../graph'
import type { Loss } from './loss'
import { policyPass, type PassOptions } from './policy-pass'
import { meanBy } from './shares'

/** Cross-entropy: the mean of -log p over the tokens that have a share (`weightShares`), in nats. */
export function supervisedLoss(graph: Graph, options: PassOptions): Loss {
  const pass = policyPass(graph, { ...options, value: false, reference: false })
  const loss = negate(meanBy(pass.perToken('shares'), pass.logProb))
  return { graph, loss, terms: new Map(), parameters: pass.parameters }
}
