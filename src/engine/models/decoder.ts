import { add, gather, matmul, multiply, reshape, rmsNorm, silu, type Value } from '../graph'
import type { DecoderConfig, Linear } from './decoder-config'
import { headWeight, layerName, linearOf } from './names'
import type { Weights } from './weights'

/**
 * How the layers attend. A whole sequence and one step of a generation differ in nothing else.
 */
export interface Attention {
  /** Of the tokens that are fed, int64 [B, T]. */
  readonly positions: Value
  /**
   * Queries [N, heads · size], keys and values [N, keyValueHeads · size], N = batch · length and not yet rotated ->
   * [N, heads · size].
   */
  attend(layer: number, query: Value, key: Value, value: Value): Value
}

/** ids int64 [B, T] -> hidden states after the last norm [B·T, hidden size]. */
export function decoder(config: DecoderConfig, weights: Weights, ids: Value, attention: Attention): Value {
  const rows = ids.shape.reduce((product, size) => product * size, 1)
  const { names } = config
  let x = reshape(gather(weights.tensor(`${names.embedding}.weight`), ids), [rows, config.hiddenSize])
  for (let layer = 0; layer < config.layers; layer++) x = decoderLayer(config, weights, layer, x, attention)
  return normed(config, weights, names.finalNorm, x)
}

function decoderLayer(
  config: DecoderConfig,
  weights: Weights,
  layer: number,
  x: Value,
  attention: Attention
): Value {
  const { names } = config
  const norm = (path: string, value: Value): Value =>
    normed(config, weights, layerName(config, layer, path), value)
  const linear = (role: Linear['role'], value: Value): Value => {
    const found = linearOf(config, role)
    if (!found) throw new Error(`A layer of ${config.architecture} has no ${role} matrix.`)
    return weights.linear(value, layer, found)
  }

  const before = norm(names.beforeAttention, x)
  const attended = attention.attend(
    layer,
    linear('query', before),
    linear('key', before),
    linear('value', before)
  )
  const middle = add(x, linear('attended', attended))
  const read = norm(names.beforeFeedForward, middle)
  const gated = multiply(silu(linear('gate', read)), linear('up', read))
  return add(middle, linear('down', gated))
}

const normed = ({ normEpsilon }: DecoderConfig, weights: Weights, name: string, x: Value): Value =>
  rmsNorm(x, weights.tensor(`${name}.weight`), normEpsilon)

/** hidden [N, hidden size] -> logits [N, vocabulary]. */
export const languageHead = (config: DecoderConfig, weights: Weights, hidden: Value): Value =>
  matmul(hidden, weights.tensor(headWeight(config)), { transposeB: true })
