import {
  anySize,
  argMax,
  cast,
  clip,
  cumulativeSum,
  divide,
  gather,
  gatherElements,
  greaterOrEqual,
  int,
  less,
  lessOrEqual,
  logarithm,
  logSoftmax,
  greater,
  multiply,
  reshape,
  slice,
  softmax,
  sum,
  where,
  type Graph,
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

export interface SamplingOptions extends SamplingFilters {
  /** Take the likeliest token instead of drawing one. */
  readonly greedy?: boolean
  /** Above 1, tokens that a sequence holds already become less likely. */
  readonly repetitionPenalty?: number
  /** Tokens may be forbidden, row by row. */
  readonly masked?: boolean
}

export interface Choice {
  /** int64 [B, 1] */
  readonly token: Value
  /** Natural logarithm of the chosen token's probability in the distribution it was chosen from, [B, 1]. */
  readonly logProb: Value
}

export interface Chooser {
  /** What a turn hands to the next, as it is before the first. */
  readonly carried: readonly Value[]
  /** `policyLogProb` [B, 1] is the token's log-probability in softmax(logits): no temperature, filter, penalty or mask. */
  next(
    logits: Value,
    turn: Value,
    carried: readonly Value[]
  ): Choice & { readonly policyLogProb: Value; readonly carried: readonly Value[] }
}

/**
 * How a turn gets from logits [B, V] to a token. In the order of Hugging Face: penalty, mask, temperature, top-k, top-p.
 * Inputs that it adds to the graph: unless greedy, uniforms [turns, B] and inverse_temperature []; with a repetition
 * penalty, held [B, V], 1 for tokens that a sequence holds; if masked, allowed bool [B, V].
 */
export function chooser(graph: Graph, batch: number, vocabulary: number, options: SamplingOptions): Chooser {
  const { greedy = false, repetitionPenalty: penalty = 1, masked = false } = options
  const shape = [batch, vocabulary]
  const held = penalty === 1 ? [] : [graph.input('held', 'float32', shape)]
  const allowed = masked ? graph.input('allowed', 'bool', shape) : null
  const uniforms = greedy ? null : graph.input('uniforms', 'float32', [anySize, batch])
  const inverseTemperature = greedy ? null : graph.input('inverse_temperature', 'float32', [])
  return {
    carried: held,
    next(logits, turn, [heldBefore]) {
      const penalised = heldBefore ? penaliseRepetition(logits, heldBefore, penalty) : logits
      const left = allowed ? where(allowed, penalised, unseen) : penalised
      const choice =
        uniforms && inverseTemperature
          ? chooseByChance(left, inverseTemperature, reshape(gather(uniforms, turn), [batch, 1]), options)
          : chooseGreedily(left)
      const same = greedy && left === logits
      return {
        ...choice,
        policyLogProb: same ? choice.logProb : gatherElements(logSoftmax(logits), choice.token),
        carried: heldBefore ? [markHeld(heldBefore, choice.token)] : []
      }
    }
  }
}

/** The likeliest token of each row. logits [B, V] */
function chooseGreedily(logits: Value): Choice {
  const token = argMax(logits)
  return { token, logProb: gatherElements(logSoftmax(logits), token) }
}

/**
 * Draws one token a row by the inverse of the cumulative distribution: the first token at which the running sum of
 * softmax(logits / temperature) passes `uniform`. logits [B, V], uniform [B, 1] in [0, 1); the inverse of the
 * temperature is a scalar.
 *
 * The number is scaled by the sum that rounding really gave, which is not quite 1: so there always is such a token, and
 * it has a probability above 0.
 */
function chooseByChance(
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
function penaliseRepetition(logits: Value, held: Value, penalty: number): Value {
  const penalised = where(greater(logits, 0), divide(logits, penalty), multiply(logits, penalty))
  return where(greaterOrEqual(held, 0.5), penalised, logits)
}

/** Marks the token [B, 1] of each row in `held` [B, V]. */
function markHeld(held: Value, token: Value): Value {
  const { graph } = token
  const ones = graph.initialiser('held_mark', {
    dtype: 'float32',
    shape: token.shape,
    data: new Float32Array(token.shape[0]).fill(1)
  })
  return graph.node('ScatterElements', [held, token, ones], { axis: int(1) }, [['float32', held.shape]])[0]
}
