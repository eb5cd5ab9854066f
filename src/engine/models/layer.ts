import { gelu, geluTanh, multiply, reshape, silu, split, type Value } from '../graph'
import type { Activation, DecoderConfig, Role } from './decoder-config'
import { layerName, linearOf } from './names'
import { normed } from './norm'
import type { Weights } from './weights'

/** One layer's matrices and norms, ready to be applied. */
export interface LayerParts {
  readonly config: DecoderConfig
  readonly layer: number
  /** x [N, size] normed; x itself where the family has no such norm (null). */
  norm(path: string | null, x: Value): Value
  has(role: Role): boolean
  /** x [N, inputs] -> [N, outputs] */
  linear(role: Role, x: Value): Value
}

export const layerParts = (config: DecoderConfig, weights: Weights, layer: number): LayerParts => ({
  config,
  layer,
  norm: (path, x) => (path === null ? x : normed(config, weights, layerName(config, layer, path), x)),
  has: (role) => linearOf(config, role) !== undefined,
  linear(role, x) {
    const found = linearOf(config, role)
    if (!found) throw new Error(`A layer of ${config.architecture} has no ${role} matrix.`)
    return weights.linear(x, layer, found)
  }
})

interface Heads {
  /** [N, heads · size] */
  readonly query: Value
  /** [N, keyValueHeads · size] */
  readonly key: Value
  readonly value: Value
}

/** x [N, hidden size] -> what attention reads. */
export function queriesKeysValues(parts: LayerParts, x: Value): Heads {
  const { names, attention } = parts.config
  const { queryScale } = attention[parts.layer]
  const { query, key, value } = projections(parts, x)
  const normedQuery = normHeads(parts, names.queryNorm, query)
  return {
    query: queryScale === 1 ? normedQuery : multiply(normedQuery, queryScale),
    key: normHeads(parts, names.keyNorm, key),
    value
  }
}

function projections(parts: LayerParts, x: Value): Heads {
  const { heads, keyValueHeads, headSize } = parts.config
  if (parts.has('query-key-value')) {
    const joined = parts.linear('query-key-value', x)
    const other = keyValueHeads * headSize
    const [query, key, value] = split(joined, 1, [heads * headSize, other, other])
    return { query, key, value }
  }
  if (parts.has('query-key-value-by-head')) {
    const rows = x.shape[0]
    const byHead = reshape(parts.linear('query-key-value-by-head', x), [rows, heads, 3, headSize])
    const [query, key, value] = split(byHead, 2, [1, 1, 1]).map((part) =>
      reshape(part, [rows, heads * headSize])
    )
    return { query, key, value }
  }
  return { query: parts.linear('query', x), key: parts.linear('key', x), value: parts.linear('value', x) }
}

/** Norms each head of x [N, heads · size] by itself. */
function normHeads({ config, norm }: LayerParts, path: string | null, x: Value): Value {
  if (path === null) return x
  const [rows, width] = x.shape
  const heads = reshape(x, [(rows * width) / config.headSize, config.headSize])
  return reshape(norm(path, heads), [rows, width])
}

const activations: Readonly<Record<Activation, (x: Value) => Value>> = {
  silu,
  gelu,
  'gelu-tanh': geluTanh
}

/** x [N, hidden size] -> [N, hidden size] */
export function feedForward(parts: LayerParts, x: Value): Value {
  const { activation, intermediateSize: size } = parts.config
  const activate = activations[activation]
  if (parts.has('gate-up')) {
    const [gate, up] = split(parts.linear('gate-up', x), 1, [size, size])
    return parts.linear('down', multiply(activate(gate), up))
  }
  if (parts.has('gate'))
    return parts.linear('down', multiply(activate(parts.linear('gate', x)), parts.linear('up', x)))
  return parts.linear('down', activate(parts.linear('up', x)))
}
