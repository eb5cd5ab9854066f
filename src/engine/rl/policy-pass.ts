import { add, logSoftmax, matmul, reshape, slice, type Graph, type Value } from '../graph'
import { detach } from '../autodiff/detach'
import { causalAttention } from '../models/causal-attention'
import { decoder, languageHead } from '../models/decoder'
import type { Model, Trainable } from '../models/model'
import { valueBias, valueWeight } from '../models/parameters'
import { bindWeights, type Weights } from '../models/weights'
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
}

/** A forward pass inside a graph. N = batch · (length - 1 - firstPosition) positions that have a next token. */
export interface PolicyPass extends TokenTerms {
  readonly parameters: ReadonlyMap<string, Value>
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
  const { model, trainable, batch, length, value = false, reference = false, firstPosition = 0 } = options
  const { config } = model
  const positions = length - 1 - firstPosition
  if (positions < 1)
    throw new RangeError(`A length of ${length} leaves nothing to predict from ${firstPosition} on.`)
  const rows = batch * positions

  const bound = bindWeights(graph, model, trainable, value)
  const ids = graph.input('ids', 'int64', [batch, length])
  const inverseTemperature = graph.input('inverseTemperature', 'float32', [])
  const attention = causalAttention(graph, config, batch, length)
  /** [B·T, ...] or [B, T] -> the positions that predict, [N, width] */
  const predicting = (x: Value, width: number): Value =>
    reshape(slice(reshape(x, [batch, length, width]), 1, firstPosition, length - 1), [rows, width])
  const hiddenOf = (weights: Weights): Value =>
    predicting(decoder(config, weights, ids, attention), config.hiddenSize)
  const logitsOf = (weights: Weights, hidden: Value): Value =>
    languageHead(config, weights, hidden, inverseTemperature) // [N, V]

  const tokens = reshape(slice(ids, 1, firstPosition + 1, length), [rows, 1])
  const hidden = hiddenOf(bound.policy)
  const referenceWeights = reference ? bound.reference() : null
  const referenceDistribution =
    referenceWeights && logSoftmax(logitsOf(referenceWeights, hiddenOf(referenceWeights)))
  return {
    ...tokenTerms(logitsOf(bound.policy, hidden), tokens, referenceDistribution ?? undefined),
    parameters: bound.parameters,
    referenceDistribution: referenceDistribution ?? undefined,
    values: value ? reshape(valueOf(hidden, bound.parameters), [rows]) : undefined,
    tokens,
    perToken: (name) => reshape(predicting(graph.input(name, 'float32', [batch, length]), 1), [rows])
  }
}

/** The value head reads the hidden states and does not pull at them: the trunk is the policy's. */
function valueOf(hidden: Value, parameters: ReadonlyMap<string, Value>): Value {
  const weight = parameters.get(valueWeight)
  const bias = parameters.get(valueBias)
  if (!weight || !bias) throw new Error('The value head has no tensors.')
  return add(matmul(detach(hidden), weight, { transposeB: true }), bias)
}
