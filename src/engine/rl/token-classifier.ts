import {
  add,
  concat,
  float32,
  matmul,
  multiply,
  negate,
  reshape,
  slice,
  type Graph,
  type Value
} from '../graph'
import { causalAttention } from '../models/causal-attention'
import { decoder, languageHead } from '../models/decoder'
import { tokensNeeded } from '../models/token-rows'
import { bindWeights } from '../models/weights'
import type { Loss } from './loss'
import type { PassOptions } from './policy-pass'
import { responsePositions } from './predicting'
import { meanBy } from './shares'
import { spanHeadBias, spanHeadWeight, tokenClasses } from './span-head'
import { tokenTerms } from './token-terms'

export type ClassifierOptions = Pick<
  PassOptions,
  'model' | 'trainable' | 'batch' | 'length' | 'recomputedLayers'
> & {
  /** Response tokens of a batch, at most: N. */
  readonly responseTokens: number
}

export interface ClassifierPass {
  readonly parameters: ReadonlyMap<string, Value>
  /** [N, 3], in the order of `tokenClasses`. */
  readonly logits: Value
  /** log p(token) by the language head [N], nats. */
  readonly logProb: Value
}

/**
 * Adds to `graph`: the inputs `ids` int64 [B, T] and those of `responsePositions`, the decoder's pass, and the head.
 * Entry t belongs to token t + 1 as elsewhere. The head reads two things of it: the hidden state at its own place, where
 * the token has been read, and how likely it was before it had been: log p(token | what stands before it).
 */
export function classifierPass(graph: Graph, options: ClassifierOptions): ClassifierPass {
  const { model, trainable, batch, length, responseTokens, recomputedLayers = 0 } = options
  const { config } = model
  const bound = bindWeights(graph, model, trainable, false)
  const [weight, bias] = [
    graph.input(spanHeadWeight, 'float32', [tokenClasses.length, config.hiddenSize + 1]),
    graph.input(spanHeadBias, 'float32', [tokenClasses.length])
  ]
  const ids = graph.input('ids', 'int64', [batch, length])
  const predicting = responsePositions(graph, batch, length, responseTokens)
  const tokenRows = tokensNeeded(graph, config, batch, length)
  const attention = causalAttention(graph, config, tokenRows)
  const packed = decoder(config, bound.policy, tokenRows.ofRows(ids), attention, recomputedLayers)
  const states = reshape(tokenRows.toSequences(packed, 1), [batch * length, config.hiddenSize])
  const before = predicting.rows(states, config.hiddenSize)
  const own = predicting.rows(nextRow(graph, states), config.hiddenSize)
  const { logProb } = tokenTerms(languageHead(config, bound.policy, before), predicting.nextTokens(ids))
  const features = concat([own, reshape(logProb, [responseTokens, 1])], 1) // [N, D + 1]
  return {
    parameters: new Map([...bound.parameters, [spanHeadWeight, weight], [spanHeadBias, bias]]),
    logits: add(matmul(features, weight, { transposeB: true }), bias),
    logProb
  }
}

/** x [R, D] -> the row after each; zeros after the last, which predicts nothing. */
function nextRow(graph: Graph, x: Value): Value {
  const [rows, width] = x.shape
  const none = graph.initialiser('no_next_row', float32([1, width], new Float32Array(width)))
  return concat([slice(x, 0, 1, rows), none], 0)
}

/**
 * loss = Σ share · -log p(class of the token) + languageCoefficient · Σ languageShare · -log p(token)
 *
 * Inputs: `classes` int64 [N, 1], `classShares` and `languageShares` [N], `languageCoefficient`. The second part keeps
 * the model expecting what nobody criticised, which is what makes a wrong token unlikely; its shares leave out the
 * tokens that are marked poor.
 */
export function classifierLoss(graph: Graph, options: ClassifierOptions): Loss {
  const { responseTokens: count } = options
  const pass = classifierPass(graph, options)
  const classes = graph.input('classes', 'int64', [count, 1])
  const classLoss = negate(
    meanBy(graph.input('classShares', 'float32', [count]), tokenTerms(pass.logits, classes).logProb)
  )
  const languageLoss = negate(meanBy(graph.input('languageShares', 'float32', [count]), pass.logProb))
  const coefficient = graph.input('languageCoefficient', 'float32', [])
  return {
    graph,
    loss: add(classLoss, multiply(coefficient, languageLoss)),
    terms: new Map([
      ['classLoss', classLoss],
      ['languageLoss', languageLoss]
    ]),
    parameters: pass.parameters
  }
}
