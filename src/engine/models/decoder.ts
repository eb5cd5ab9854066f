import { add, multiply, reshape, sumOf, tanh, type Value } from '../graph'
import type { DecoderConfig } from './decoder-config'
import { feedForward, layerParts, queriesKeysValues, type LayerParts } from './layer'
import { headWeight } from './names'
import { normed } from './norm'
import type { Weights } from './weights'

/** How the layers attend. A whole sequence and one step of a generation differ in nothing else. */
export interface Attention {
  /** Of the tokens that are fed, int64 [B, T]. */
  readonly positions: Value
  /**
   * Queries [N, heads · size], keys and values [N, keyValueHeads · size], N = batch · length and not yet rotated ->
   * [N, heads · size].
   */
  attend(layer: number, query: Value, key: Value, value: Value): Value
}

/**
 * ids int64 [B, T] -> hidden states after the last norm [B·T, hidden size]. The first `recomputed` layers are segments:
 * of each, only what it reads is kept for the gradient.
 */
export function decoder(
  config: DecoderConfig,
  weights: Weights,
  ids: Value,
  attention: Attention,
  recomputed = 0
): Value {
  let x = embedded(config, weights, ids, attention.positions)
  for (let layer = 0; layer < config.layers; layer++) {
    const before = x
    const apply = (): Value => decoderLayer(layerParts(config, weights, layer), before, attention)
    x = layer < recomputed ? x.graph.asSegment(x, apply) : apply()
  }
  return normed(config, weights, config.names.finalNorm, x)
}

/** The residual stream before the first layer, [B·T, hidden size]. */
function embedded(config: DecoderConfig, weights: Weights, ids: Value, positions: Value): Value {
  const { names, hiddenSize, embeddingScale } = config
  const rows = ids.shape.reduce((product, size) => product * size, 1)
  const tokens = reshape(weights.rows(`${names.embedding}.weight`, ids), [rows, hiddenSize])
  const scaled = embeddingScale === 1 ? tokens : multiply(tokens, embeddingScale)
  if (!names.positions) return scaled
  const places = weights.rows(`${names.positions}.weight`, positions)
  return add(scaled, reshape(places, [rows, hiddenSize]))
}

function decoderLayer(parts: LayerParts, x: Value, { attend }: Attention): Value {
  const { config, norm, linear } = parts
  const { names } = config
  const { query, key, value } = queriesKeysValues(parts, norm(names.beforeAttention, x))
  const attended = linear('attended', attend(parts.layer, query, key, value))
  if (config.residual === 'parallel')
    return sumOf([x, attended, feedForward(parts, norm(names.beforeFeedForward, x))])
  const middle = add(x, norm(names.afterAttention, attended))
  const fed = feedForward(parts, norm(names.beforeFeedForward, middle))
  return add(middle, norm(names.afterFeedForward, fed))
}

/** hidden [N, hidden size] -> logits [N, vocabulary], multiplied by a scalar `factor` if one is given. */
export function languageHead(config: DecoderConfig, weights: Weights, hidden: Value, factor?: Value): Value {
  const { logitCap: cap } = config
  const name = headWeight(config)
  // Scaling the hidden states scales the logits, on a tensor V / D times smaller.
  if (cap === null) return weights.product(factor ? multiply(hidden, factor) : hidden, name)
  const capped = multiply(tanh(multiply(weights.product(hidden, name), 1 / cap)), cap)
  return factor ? multiply(capped, factor) : capped
}
