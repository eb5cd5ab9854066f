import { add, anySize, divide, gather, multiply, reshape, type GradientRule, type Graph } from '../graph'
import { elementCount, int64, type HostTensor, type Value } from '../graph'
import { joinHeads, splitHeads } from './attention'
import type { DecoderConfig } from './decoder-config'

/**
 * Which tokens of a batch [B, T] a decoder computes, one a row of its matrices: N of them. Everything but attention goes
 * row by row; attention needs whole sequences, so rows become sequences before it and rows again behind it.
 */
export interface TokenRows {
  readonly batch: number
  readonly length: number
  /** One number a token [B, T] -> those of the rows, [B, T] or [N]. */
  ofRows(x: Value): Value
  /** x [N, heads · size] -> [B, heads, T, size] */
  toSequences(x: Value, heads: number): Value
  /** x [B, heads, T, size] -> [N, heads · size] */
  toRows(x: Value): Value
}

/** Every token, padding included: N = B·T. */
export const everyToken = (batch: number, length: number): TokenRows => ({
  batch,
  length,
  ofRows: (x) => x,
  toSequences: (x, heads) => splitHeads(x, batch, length, heads),
  toRows: joinHeads
})

/** Inputs: the place in [B·T] of each row [N], and the row of each place [B, T]. */
const names = { places: 'rowPlaces', rows: 'placeRows' } as const

/**
 * Without padding; `neededTokens` says what to feed. N differs from batch to batch. All padding is one row, that of a
 * token which nobody needs: it stands wherever attention wants a token, and no gradient comes to it. So there and back
 * are each other's transposes, and each is the other's gradient.
 */
export function tokensNeeded(graph: Graph, config: DecoderConfig, batch: number, length: number): TokenRows {
  // Every token may be needed.
  const places = graph.input(names.places, 'int64', [anySize], [batch * length])
  const rows = graph.input(names.rows, 'int64', [batch, length])
  const whole = (value: number): Value => graph.list([value])
  const byRow = reshape(places, [anySize, 1])
  const sequence = divide(byRow, whole(length))
  /** For a number of heads: where the head of a place stands among all rows' heads, and the other way round. */
  const tables = new Map(
    [1, config.heads, config.keyValueHeads].map((heads) => {
      const head = graph.list([...Array(heads).keys()])
      const ofPlace = add(
        multiply(reshape(rows, [batch, 1, length]), whole(heads)),
        reshape(head, [heads, 1])
      ) // [B, heads, T]
      const ofRow = add(
        add(byRow, multiply(sequence, whole((heads - 1) * length))),
        multiply(head, whole(length))
      ) // [N, heads]
      return [heads, { ofPlace, ofRow }]
    })
  )
  const tablesOf = (heads: number): { readonly ofPlace: Value; readonly ofRow: Value } => {
    const found = tables.get(heads)
    if (!found) throw new Error(`Rows of ${heads} heads were not expected.`)
    return found
  }
  const spread = (x: Value, heads: number): Value =>
    gather(reshape(x, [anySize * heads, x.shape[1] / heads]), tablesOf(heads).ofPlace)
  const collect = (x: Value): Value => {
    const [, heads, , size] = x.shape
    const all = reshape(x, [batch * heads * length, size])
    return reshape(gather(all, tablesOf(heads).ofRow), [anySize, heads * size])
  }
  const collected: GradientRule = ({ inputs: [x] }, d) => [() => spread(d, x.shape[1])]
  return {
    batch,
    length,
    ofRows: (x) => gather(reshape(x, [batch * length]), places),
    toSequences: (x, heads) =>
      graph.asGroup(
        'rows to sequences',
        [x],
        (_, d) => [() => collect(d)],
        () => [spread(x, heads)]
      )[0],
    toRows: (x) => graph.asGroup('sequences to rows', [x], collected, () => [collect(x)])[0]
  }
}

/**
 * What to feed for `tokensNeeded`: of each sequence, the tokens up to the last that `mask` [B·T] keeps and `further` ones
 * behind it; without a mask, all.
 */
export function neededTokens(
  batch: number,
  length: number,
  mask?: Float32Array,
  further = 0
): Record<string, HostTensor> {
  const needed = (sequence: number): number => {
    if (!mask) return length
    const own = mask.subarray(sequence * length, (sequence + 1) * length)
    const last = own.reduce((last, kept, at) => (kept === 0 ? last : at), -1)
    return last < 0 ? 0 : last + 1 + further
  }
  const places: number[] = []
  const rows = new BigInt64Array(batch * length).fill(-1n)
  for (let sequence = 0; sequence < batch; sequence++)
    for (let place = sequence * length; place < sequence * length + needed(sequence); place++)
      rows[place] = BigInt(places.push(place) - 1)
  const padding = rows.indexOf(-1n)
  if (padding >= 0) {
    const row = BigInt(places.push(padding) - 1)
    rows.forEach((one, place) => (rows[place] = one < 0 ? row : one))
  }
  return {
    [names.places]: int64([places.length], BigInt64Array.from(places, BigInt)),
    [names.rows]: int64([batch, length], rows)
  }
}

/** The places in [B·T] of the rows that a batch computes. */
export function computedPlaces(fed: Readonly<Record<string, HostTensor>>): number[] {
  const places = fed[names.places]
  if (places) return Array.from(places.data as BigInt64Array, Number)
  return [...Array(elementCount(fed.ids.shape)).keys()]
}
