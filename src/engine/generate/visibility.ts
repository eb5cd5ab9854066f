import { anySize, int, lessOrEqual, greater, or, reshape, subtract, where, type Value } from '../graph'
import { unseen } from '../models/attention'
import type { DecoderConfig } from '../models/decoder-config'

/** The position of a key that nobody sees: padding. */
export const nowhere = 1n << 40n

/**
 * What a layer adds to its scores, [B, 1, R·T, S]: `unseen` where the key stands after the query, is padding, or lies
 * outside the layer's window; else 0. R = heads / keyValueHeads, as attention stacks the heads of a group.
 * positions int64 [B, T] of the queries; keys int64 [B, S], positions of the keys, `nowhere` for padding.
 */
export function visibility(config: DecoderConfig, positions: Value, keys: Value): (layer: number) => Value {
  const [batch, length] = positions.shape
  const stacked = config.heads / config.keyValueHeads
  const { graph } = keys
  const tiled = graph.node('Tile', [positions, graph.list([1, stacked])], {}, [
    ['int64', [batch, stacked * length]]
  ])[0]
  const queryAt = reshape(tiled, [batch, 1, stacked * length, 1])
  const keyAt = reshape(keys, [batch, 1, 1, anySize])
  const made = new Map<number | null, Value>()
  return (layer) => {
    const { window } = config.attention[layer]
    const known = made.get(window) ?? biasOf(window)
    made.set(window, known)
    return known
  }

  function biasOf(window: number | null): Value {
    const later = greater(keyAt, queryAt)
    if (window === null) return hide(later)
    const size = graph.initialiser(`window_${window}`, {
      dtype: 'int64',
      shape: [],
      data: BigInt64Array.of(BigInt(window))
    })
    return hide(or(later, lessOrEqual(keyAt, subtract(queryAt, size))))
  }
}

const hide = (hidden: Value): Value => where(hidden, hidden.graph.scalar(unseen), 0)

/** int64 [B, S] and [B, T] -> [B, S + T] */
export function appendPositions(keys: Value, added: Value): Value {
  const [batch] = keys.shape
  return added.graph.node('Concat', [keys, added], { axis: int(1) }, [['int64', [batch, anySize]]])[0]
}
