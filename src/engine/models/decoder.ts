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

export interface DecoderOptions {
  /** The first so many layers are segments: of each, only what it reads is kept for the gradient. Default 0. */
  readonly recomputed?: number
  /**
   * x [B·T, size] -> those of its rows that anybody reads, [N, size]. Others see their keys and values in the last layer,
   * where nothing else is computed of the rest. Left out, all.
   */
  readonly rows?: (x: Value) => Value
}

/** ids int64 [B, T] -> hidden states after the last norm [B·T, hidden size], or those of the `rows`. */
export function decoder(
  config: DecoderConfig,
  weights: Weights,
  ids: Value,
  attention: Attention,
  { recomputed = 0, rows = (x) => x }: DecoderOptions = {}
): Value {
  let x = embedded(config, weights, ids, attention.positions)
  for (let layer = 0; layer < config.layers; layer++) {
    const before = x
    const kept = layer === config.layers - 1 ? rows : (x: Value): Value => x
    const apply = (): Value => decoderLayer(layerParts(config, weights, layer), before, attention, kept)
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

function decoderLayer(
  parts: LayerParts,
  whole: Value,
  { attend }: Attention,
  kept: (x: Value) => Value
): Value {
  const { config, norm, linear } = parts
  const { names } = config
  const { query, key, value } = queriesKeysValues(parts, norm(names.beforeAttention, whole))
  const attended = linear('attended', kept(attend(parts.layer, query, key, value)))
  const x = kept(whole)
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
