import {
  add,
  exponential,
  gatherElements,
  logSoftmax,
  multiply,
  negate,
  reshape,
  scatterAdd,
  subtract,
  sum,
  type GradientRule,
  type Value
} from '../graph'

export interface TokenTerms {
  /** log p(token) [N] */
  readonly logProb: Value
  /** KL(policy ‖ reference) over the whole vocabulary, in nats [N]; only with a reference. */
  readonly kl?: Value
  /** log p of every token of the vocabulary [N, V]. No gradient flows through it: for measurements. */
  readonly distribution: Value
}

/**
 * What the losses need of the output distribution, differentiated as one.
 * logits [N, V], tokens int64 [N, 1], reference log-probabilities [N, V].
 *
 * With p = softmax(logits), and the gradients a of log p(token) and b of the KL:
 *   d logits = a · (onehot - p) + b · p · (log p - log q - KL)
 * in one pass fewer over [N, V] for each term than operator by operator. At policy = reference the KL and its gradient
 * are exactly zero, because both are products with log p - log q.
 */
export function tokenTerms(logits: Value, tokens: Value, reference?: Value): TokenTerms {
  const [rows] = logits.shape
  let distribution = logits
  let difference: Value | undefined // log p - log q
  let probability: Value | undefined
  const build = (): readonly Value[] => {
    distribution = logSoftmax(logits)
    const logProb = reshape(gatherElements(distribution, tokens), [rows])
    if (!reference) return [logProb]
    difference = subtract(distribution, reference)
    probability = exponential(distribution)
    return [logProb, sum(multiply(probability, difference), [1])]
  }
  const rule: GradientRule = ({ outputs: [, kl] }, logProbGradient, [forLogProb, forKl]) => [
    () => {
      const column = (value: Value): Value => reshape(value, [rows, 1])
      const p = probability ?? exponential(distribution)
      const onToken = (onAll: Value): Value =>
        forLogProb ? scatterAdd(onAll, tokens, column(forLogProb), 1) : onAll
      if (!forKl || !difference) return onToken(multiply(p, negate(column(logProbGradient))))
      const constant = multiply(forKl, kl)
      const offset = forLogProb ? add(constant, forLogProb) : constant
      return onToken(multiply(p, subtract(multiply(difference, column(forKl)), column(offset))))
    }
  ]
  const inputs = reference ? [logits, tokens, reference] : [logits, tokens]
  const [logProb, kl] = logits.graph.asGroup('token terms', inputs, rule, build)
  return { logProb, kl, distribution }
}
