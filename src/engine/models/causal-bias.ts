import { float32, type Graph, type Value } from '../graph'
import { unseen } from './attention'

/**
 * What each of `length` queries may see of as many keys, as numbers added to scores, [1, 1, T, T]: itself and what
 * stands before it; with a window, no more than that many. Constants of the graph, made once for each window.
 */
export function causalBias(graph: Graph, length: number): (window: number | null) => Value {
  const made = new Map<number | null, Value>()
  return (window) => {
    // A window as long as the text hides nothing.
    const width = window !== null && window < length ? window : null
    const known = made.get(width)
    if (known) return known
    const hidden = (query: number, key: number): boolean =>
      key > query || (width !== null && key <= query - width)
    const data = Float32Array.from({ length: length * length }, (_, index) =>
      hidden(Math.floor(index / length), index % length) ? unseen : 0
    )
    const name = width === null ? 'causal' : `causal_${width}`
    const bias = graph.initialiser(name, float32([1, 1, length, length], data))
    made.set(width, bias)
    return bias
  }
}
