import { float32, type Graph, type Value } from '../graph'
import { unseen } from './attention'

/** Queries `from` to `to` (excluded) against keys `first` to `to`. */
export interface Seen {
  readonly from: number
  readonly to: number
  readonly first: number
  /** A query sees itself and what stands before it; with a window, no more than that many. */
  readonly window: number | null
}

/** What queries may see of keys, as numbers added to scores [1, 1, queries, keys]. Equal tables are made once. */
export function causalBias(graph: Graph): (seen: Seen) => Value {
  const made = new Map<string, Value>()
  return ({ from, to, first, window }) => {
    const [queries, keys] = [to - from, to - first]
    // A window as long as the text hides nothing.
    const width = window !== null && window < keys ? window : null
    const name = ['causal', queries, keys, ...(width === null ? [] : [width])].join('_')
    const known = made.get(name)
    if (known) return known
    const offset = keys - queries // the first query's own key
    const hidden = (query: number, key: number): boolean =>
      key > query || (width !== null && key <= query - width)
    const data = Float32Array.from({ length: queries * keys }, (_, index) =>
      hidden(Math.floor(index / keys) + offset, index % keys) ? unseen : 0
    )
    const bias = graph.initialiser(name, float32([1, 1, queries, keys], data))
    made.set(name, bias)
    return bias
  }
}
