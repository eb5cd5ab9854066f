import {
  add,
  expand,
  float32,
  gather,
  int64,
  matmul,
  multiply,
  reshape,
  rmsNorm,
  rotary,
  silu,
  transpose,
  type Graph,
  type RotaryTables,
  type Value
} from '../graph'
import { groupedAttention } from './attention'
import type { LlamaConfig } from './llama-config'
import { embeddingName, finalNormName, headName, normName } from './names'
import { ropeTables } from './rope'
import type { Weights } from './weights'

export { groupedAttention }

/**
 * How a layer attends. Queries [N, heads · size], keys and values [N, keyValueHeads · size], N = batch · length and not
 * yet rotated -> [N, heads · size]. A whole sequence and one step of a generation differ in nothing else.
 */
export type Attend = (layer: number, query: Value, key: Value, value: Value) => Value

/** ids int64 [B, T] -> hidden states after the last norm [B·T, hidden size]. */
export function decoder(config: LlamaConfig, weights: Weights, ids: Value, attend: Attend): Value {
  const rows = ids.shape.reduce((product, size) => product * size, 1)
  let x = reshape(gather(weights.tensor(embeddingName), ids), [rows, config.hiddenSize])
  for (let layer = 0; layer < config.layers; layer++) x = decoderLayer(config, weights, layer, x, attend)
  return rmsNorm(x, weights.tensor(finalNormName), config.normEpsilon)
}

function decoderLayer(config: LlamaConfig, weights: Weights, layer: number, x: Value, attend: Attend): Value {
  const before = rmsNorm(x, weights.tensor(normName(layer, 'input')), config.normEpsilon)
  const attended = attend(
    layer,
    weights.linear(before, layer, 'q_proj'),
    weights.linear(before, layer, 'k_proj'),
    weights.linear(before, layer, 'v_proj')
  )
  const middle = add(x, weights.linear(attended, layer, 'o_proj'))
  const normed = rmsNorm(middle, weights.tensor(normName(layer, 'post_attention')), config.normEpsilon)
  const gate = silu(weights.linear(normed, layer, 'gate_proj'))
  const gated = multiply(gate, weights.linear(normed, layer, 'up_proj'))
  return add(middle, weights.linear(gated, layer, 'down_proj'))
}

/** hidden [N, hidden size] -> logits [N, vocabulary]. */
export const languageHead = (config: LlamaConfig, weights: Weights, hidden: Value): Value =>
  matmul(hidden, weights.tensor(config.tiedEmbeddings ? embeddingName : headName), { transposeB: true })

/** x [B·T, heads · size] -> [B, heads, T, size] */
export const splitHeads = (x: Value, batch: number, length: number, heads: number): Value =>
  transpose(reshape(x, [batch, length, heads, x.shape[1] / heads]), [0, 2, 1, 3])

/** Added to the score of a key that must not be seen. Finite, so that a row with no key at all stays a number. */
export const unseen = -1e9

/**
 * Attention over whole sequences that begin at position 0. Shorter ones are padded at the end: no real token sees
 * padding, because a token sees only what stands before it.
 */
export function causalAttention(graph: Graph, config: LlamaConfig, batch: number, length: number): Attend {
  const { heads, keyValueHeads } = config
  const tables = rotaryTables(graph, config, length)
  const order = graph.initialiser(
    'positions',
    int64(
      [1, length],
      BigInt64Array.from({ length }, (_, t) => BigInt(t))
    )
  )
  const positions = expand(order, [batch, length])
  const blocked = Float32Array.from({ length: length * length }, (_, index) =>
    index % length > Math.floor(index / length) ? unseen : 0
  )
  const bias = graph.initialiser('causal', float32([1, 1, length, length], blocked))
  return (_layer, query, key, value) =>
    groupedAttention(
      rotary(splitHeads(query, batch, length, heads), positions, tables),
      rotary(splitHeads(key, batch, length, keyValueHeads), positions, tables),
      splitHeads(value, batch, length, keyValueHeads),
      bias
    )
}

/** Rotary tables for positions 0 to `positions` - 1 as constants of the graph. */
export function rotaryTables(graph: Graph, config: LlamaConfig, positions: number): RotaryTables {
  const { cosine, sine } = ropeTables(config.rope, config.headSize, positions)
  const shape = [positions, config.headSize / 2]
  return {
    cosine: graph.initialiser('rope_cosine', float32(shape, cosine)),
    sine: graph.initialiser('rope_sine', float32(shape, sine))
  }
}
