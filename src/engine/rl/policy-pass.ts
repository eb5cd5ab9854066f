import { add, logSoftmax, matmul, reshape, type Graph, type Value } from '../graph'
import { detach } from '../autodiff/detach'
import { causalAttention } from '../models/causal-attention'
import { decoder, languageHead } from '../models/decoder'
import type { Model, Trainable } from '../models/model'
import { valueBias, valueWeight } from '../models/parameters'
import { everyToken, tokensNeeded } from '../models/token-rows'
import { bindWeights, type Weights } from '../models/weights'
import { everyPosition, responsePositions, type Predicting } from './predicting'
import { tokenTerms, type TokenTerms } from './token-terms'

/** The shape of a batch and what is computed on it; fixed when the graph is made. */
export interface PassOptions {
  readonly model: Model
  readonly trainable: Trainable
  /** Sequences. */
  readonly batch: number
  /** Tokens a sequence. Shorter sequences are padded at the end, with any token. */
  readonly length: number
  /** A value head on the hidden state. */
  readonly value?: boolean
  /** Run the reference too, for the KL. */
  readonly reference?: boolean
  /** The first position whose next token matters; nothing is computed of the vocabulary before it. Default 0. */
  readonly firstPosition?: number
  /**
   * How many response tokens a batch has at most. Given, only the positions that are fed (`responseRows`) are computed of
   * the vocabulary, prompts and padding not at all; left out, every position from `firstPosition` on.
   */
  readonly responseTokens?: number
  /** Compute no padding: `neededTokens` says what to feed. Default true; without, a test can see that it changes nothing. */
  readonly packed?: boolean
  /** How many layers are computed once more for their gradients instead of being kept for them. Default 0. */
  readonly recomputedLayers?: number
  /** A training step: the adapter leaves out some of its inputs, if it asks for that. */
  readonly dropout?: boolean
}

/**
 * A forward pass inside a graph. N = `responseTokens`, or batch · (length - 1 - firstPosition): positions that have a
 * next token.
 */
export interface PolicyPass extends TokenTerms {
  readonly parameters: ReadonlyMap<string, Value>
  /** Inputs that say what the adapter leaves out, by matrix. */
  readonly masks: ReadonlyMap<string, Value>
  /** log q(token) of the reference [N] and its whole distribution [N, V]; only with a reference. */
  readonly referenceDistribution?: Value
  /** The value of each position [N]; only with a value head. */
  readonly values?: Value
  /** The next token of each position, int64 [N, 1]. */
  readonly tokens: Value
  /** An input of one number a position, declared [B, T] and cut to [N]. */
  perToken(name: string): Value
}

/**
 * Adds to `graph`: the inputs `ids` int64 [B, T] and `inverseTemperature`, the policy's pass, and the reference's.
 * Entry t of every result belongs to the prediction of token t + 1 from tokens 0 to t.
 */
export function policyPass(graph: Graph, options: PassOptions): PolicyPass {
  const { model, trainable, batch, length, packed = true } = options
  const { value = false, reference = false, dropout = false } = options
  const { config } = model
  const bound = bindWeights(graph, model, trainable, value, true, dropout)
  const ids = graph.input('ids', 'int64', [batch, length])
  const inverseTemperature = graph.input('inverseTemperature', 'float32', [])
  const tokenRows = packed ? tokensNeeded(graph, config, batch, length) : everyToken(batch, length)
  const attention = causalAttention(graph, config, tokenRows)
  const predicting: Predicting =
    options.responseTokens === undefined
      ? everyPosition(batch, length, options.firstPosition)
      : responsePositions(graph, batch, length, options.responseTokens)
  const hiddenOf = (weights: Weights, recomputed = 0): Value => {
    const states = decoder(config, weights, tokenRows.ofRows(ids), attention, recomputed)
    return predicting.rows(tokenRows.toSequences(states, 1), config.hiddenSize)
  }
  const logitsOf = (weights: Weights, hidden: Value): Value =>
    languageHead(config, weights, hidden, inverseTemperature) // [N, V]

  const tokens = predicting.nextTokens(ids)
  const hidden = hiddenOf(bound.policy, options.recomputedLayers)
  const referenceWeights = reference ? bound.reference() : null
  const referenceDistribution =
    referenceWeights && logSoftmax(logitsOf(referenceWeights, hiddenOf(referenceWeights)))
  return {
    ...tokenTerms(logitsOf(bound.policy, hidden), tokens, referenceDistribution ?? undefined),
    parameters: bound.parameters,
    masks: bound.masks,
    referenceDistribution: referenceDistribution ?? undefined,
    values: value ? reshape(valueOf(hidden, bound.parameters), [predicting.count]) : undefined,
    tokens,
    perToken: (name) =>
      reshape(predicting.rows(graph.input(name, 'float32', [batch, length]), 1), [predicting.count])
  }
}

/** The value head reads the hidden states and does not pull at them: the trunk is the policy's. */
function valueOf(hidden: Value, parameters: ReadonlyMap<string, Value>): Value {
  const weight = parameters.get(valueWeight)
  const bias = parameters.get(valueBias)
  if (!weight || !bias) throw new Error('The value head has no tensors.')
  return add(matmul(detach(hidden), weight, { transposeB: true }), bias)
}
