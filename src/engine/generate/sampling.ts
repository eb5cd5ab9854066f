import {
  argMax,
  cast,
  clip,
  cumulativeSum,
  divide,
  gatherElements,
  greaterOrEqual,
  int,
  less,
  lessOrEqual,
  logarithm,
  greater,
  multiply,
  slice,
  softmax,
  sum,
  where,
  type Value
} from '../graph'
import { unseen } from '../models/attention'

/** What is done to the distribution before a token is drawn from it. */
export interface SamplingFilters {
  /** Only the k likeliest tokens. */
  readonly topK?: number
  /** Only the likeliest tokens that together reach this probability. */
  readonly topP?: number
}

export interface Choice {
  /** int64 [B, 1] */
  readonly token: Value
  /** Natural logarithm of the chosen token's probability in the distribution it was chosen from, [B, 1]. */
  readonly logProb: Value
}

/** The likeliest token of each row. logits [B, V] */
export function chooseGreedily(logits: Value): Choice {
  const token = argMax(logits)
  return { token, logProb: logarithm(gatherElements(softmax(logits), token)) }
}

/**
 * Draws one token a row by the inverse of the cumulative distribution: the first token at which the running sum of
 * softmax(logits / temperature) passes `uniform`. logits [B, V], uniform [B, 1] in [0, 1); the inverse of the
 * temperature is a scalar.
 *
 * The number is scaled by the sum that rounding really gave, which is not quite 1: so there always is such a token, and
 * it has a probability above 0.
 */
export function chooseByChance(
  logits: Value,
  inverseTemperature: Value,
  uniform: Value,
  filters: SamplingFilters
): Choice {
  const vocabulary = logits.shape[1]
  const probabilities = softmax(filtered(multiply(logits, inverseTemperature), filters))
  const running = cumulativeSum(probabilities, 1)
  const total = slice(running, 1, vocabulary - 1, vocabulary)
  const notPassed = lessOrEqual(running, multiply(uniform, total))
  const count = sum(cast(notPassed, 'float32'), [1], { keep: true })
  // Only a uniform number of 1 or more could count past the last token.
  const token = cast(clip(count, 0, vocabulary - 1), 'int64')
  return { token, logProb: logarithm(gatherElements(probabilities, token)) }
}

/** As Hugging Face orders them: first top-k, then top-p over what is left. Tokens that tie with the last are kept. */
function filtered(logits: Value, { topK, topP }: SamplingFilters): Value {
  const vocabulary = logits.shape[1]
  let kept = logits
  if (topK !== undefined && topK < vocabulary) {
    const least = slice(sortedTop(kept, topK), 1, topK - 1, topK)
    kept = where(less(kept, least), unseen, kept)
  }
  if (topP !== undefined && topP < 1) {
    const sorted = sortedTop(kept, vocabulary)
    const before = exclusiveSum(softmax(sorted))
    // The likeliest token stays whatever topP is, because nothing stands before it.
    const least = smallest(where(less(before, topP), sorted, -unseen))
    kept = where(less(kept, least), unseen, kept)
  }
  return kept
}

/** The k largest of each row, falling. [B, V] -> [B, k] */
function sortedTop(logits: Value, k: number): Value {
  const { graph, shape } = logits
  const attributes = { axis: int(1), largest: int(1), sorted: int(1) }
  const size = [shape[0], k]
  return graph.node('TopK', [logits, graph.list([k])], attributes, [
    ['float32', size],
    ['int64', size]
  ])[0]
}

/** The sum of what stands before each element of its row. */
const exclusiveSum = (a: Value): Value =>
  a.graph.node('CumSum', [a, a.graph.list([1])], { exclusive: int(1) }, [[a.dtype, a.shape]])[0]

/** The smallest of each row, [B, 1]. */
const smallest = (a: Value): Value =>
  a.graph.node('ReduceMin', [a, a.graph.list([1])], { keepdims: int(1) }, [[a.dtype, [a.shape[0], 1]]])[0]

/**
 * Makes tokens that a sequence holds already less likely: positive logits are divided by `penalty`, others multiplied.
 * Source: Keskar et al., CTRL, section 4.1, as Hugging Face applies it. held [B, V]: 1 for tokens held, else 0.
 */
export function penaliseRepetition(logits: Value, held: Value, penalty: number): Value {
  const penalised = where(greater(logits, 0), divide(logits, penalty), multiply(logits, penalty))
  return where(greaterOrEqual(held, 0.5), penalised, logits)
}

/** Marks the token [B, 1] of each row in `held` [B, V]. */
export function markHeld(held: Value, token: Value): Value {
  const { graph } = token
  const ones = graph.initialiser('held_mark', {
    dtype: 'float32',
    shape: token.shape,
    data: new Float32Array(token.shape[0]).fill(1)
  })
  return graph.node('ScatterElements', [held, token, ones], { axis: int(1) }, [['float32', held.shape]])[0]
}
