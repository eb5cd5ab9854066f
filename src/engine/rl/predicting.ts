import { concat, float32, gather, int64, reshape, slice, type Graph, type Value } from '../graph'
import type { GradientRule } from '../graph'
import type { Tensors } from '../session'

/** Which positions of a batch [B, T] predict a token that matters: N of them. */
export interface Predicting {
  /** N */
  readonly count: number
  /** x [B·T, width], or [B, T] with width 1 -> [N, width] */
  rows(x: Value, width: number): Value
  /** ids int64 [B, T] -> the token after each position, int64 [N, 1] */
  nextTokens(ids: Value): Value
}

/** All positions from the first on; the last one of a row has no next token. */
export function everyPosition(batch: number, length: number, firstPosition = 0): Predicting {
  const positions = length - 1 - firstPosition
  if (positions < 1)
    throw new RangeError(`A length of ${length} leaves nothing to predict from ${firstPosition} on.`)
  const count = batch * positions
  const cut = (x: Value, first: number, last: number, width: number): Value =>
    reshape(slice(reshape(x, [batch, length, width]), 1, first, last), [count, width])
  return {
    count,
    rows: (x, width) => cut(x, firstPosition, length - 1, width),
    nextTokens: (ids) => cut(ids, firstPosition + 1, length, 1)
  }
}

/** Inputs: the rows of [B·T] that are computed [N], their next tokens [N, 1], and each position's place in the list. */
const names = { rows: 'responseRows', tokens: 'responseIds', places: 'responsePlaces' } as const

/** The positions that `responseRows` lists, which may be other ones in every batch. */
export function responsePositions(graph: Graph, batch: number, length: number, count: number): Predicting {
  const rows = graph.input(names.rows, 'int64', [count])
  const places = graph.input(names.places, 'int64', [batch * length])
  const tokens = graph.input(names.tokens, 'int64', [count, 1])
  /** The gradient of a position that was not read is zero: the row after the last. */
  const rule: GradientRule = ({ inputs: [x] }, d) => [
    () => {
      const zero = float32([1, d.shape[1]], new Float32Array(d.shape[1]))
      const none = graph.initialiser(`no_row_${graph.initialisers.length}`, zero)
      return reshape(gather(concat([d, none], 0), places), x.shape)
    }
  ]
  const read = (x: Value, width: number): Value => gather(reshape(x, [batch * length, width]), rows)
  return {
    count,
    rows: (x, width) => graph.asGroup('response rows', [x], rule, () => [read(x, width)])[0],
    nextTokens: () => tokens
  }
}

/**
 * What to feed for `responsePositions`: the positions of ids [B·T] whose mask is not 0. Places in the list that are left
 * over read the last position of the first sequence, which predicts nothing and has no weight in any loss.
 * Throws RangeError if the mask keeps more than `count` positions, or the last one of a row.
 */
export function responseRows(ids: BigInt64Array, mask: Float32Array, length: number, count: number): Tensors {
  const kept = [...mask.keys()].filter((position) => mask[position] !== 0)
  if (kept.length > count)
    throw new RangeError(`${kept.length} response tokens in a batch where at most ${count} fit.`)
  const last = kept.find((position) => position % length === length - 1)
  if (last !== undefined)
    throw new RangeError(`Position ${last} is the last of its row and predicts nothing.`)
  const rows = new BigInt64Array(count).fill(BigInt(length - 1))
  const tokens = new BigInt64Array(count)
  const places = new BigInt64Array(mask.length).fill(BigInt(count))
  kept.forEach((position, place) => {
    rows[place] = BigInt(position)
    tokens[place] = ids[position + 1]
    places[position] = BigInt(place)
  })
  return {
    [names.rows]: int64([count], rows),
    [names.tokens]: int64([count, 1], tokens),
    [names.places]: int64([mask.length], places)
  }
}
