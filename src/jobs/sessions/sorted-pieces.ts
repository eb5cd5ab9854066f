import type { DropoutChance } from '../../engine/rl/dropout'

/** How the answers of a step are computed: `micro` rows at a time. */
export interface Pieces {
  readonly rows: number
  readonly micro: number
  /** Left out, all rows are as long as the batch; otherwise rising lengths that pieces are padded to. */
  readonly lengths?: readonly number[]
}

/** Of a batch whose rows may be told apart by length. */
export interface Sized {
  /** Tokens of each row, prompt and answer; those of rows that are not there are left out. */
  readonly lengths?: readonly number[]
}

/** Rows of a batch that are computed together, and the length that they are padded to. */
export interface Piece {
  readonly rows: readonly number[]
  readonly length: number
}

/**
 * The rows of a batch, shortest first, `micro` at a time; the longest piece is full, because what it lacks would be
 * computed at the greatest length. null where nothing says how long rows are.
 */
export function sortedByLength({ lengths: own }: Sized, { micro, lengths }: Pieces): readonly Piece[] | null {
  if (!lengths || !own) return null
  const order = [...own.keys()].sort((a, b) => own[a] - own[b])
  const pieces: Piece[] = []
  for (let end = order.length; end > 0; end -= micro) {
    const rows = order.slice(Math.max(0, end - micro), end)
    const longest = own[rows[rows.length - 1]]
    const length = lengths.find((one) => one >= longest)
    if (length === undefined)
      throw new RangeError(`An answer of ${longest} tokens, where at most ${lengths.at(-1)} fit.`)
    pieces.unshift({ rows, length })
  }
  return pieces
}

/** The rows of a batch as they come, `micro` at a time, each as long as the batch. */
export const paddedAlike = (length: number, { rows, micro }: Pieces): readonly Piece[] =>
  Array.from({ length: Math.ceil(rows / micro) }, (_, index) => ({
    rows: Array.from({ length: Math.min(micro, rows - index * micro) }, (_, place) => index * micro + place),
    length
  }))

/** Of the places in a batch whose rows are so long, padded to `length` at most, the share of padding: attention's alone. */
export function paddingShare(own: readonly number[], pieces: Pieces, length: number): number {
  let computed = 0
  for (const piece of sortedByLength({ lengths: own }, pieces) ?? paddedAlike(length, pieces))
    computed += piece.length * piece.rows.filter((row) => row < own.length).length
  return computed === 0 ? 0 : 1 - own.reduce((sum, one) => sum + one, 0) / computed
}

/** What a piece has of a batch: arrays [rows · T] become [micro · length], zeros where there is no row. */
export function takeRows<Batch extends object>(
  { lengths: _, ...batch }: Batch & Sized,
  { rows: chosen, length }: Piece,
  { rows, micro }: Pieces
): Batch {
  const taken = Object.entries(batch).map(([name, value]: [string, unknown]) => {
    if (value instanceof Float32Array || value instanceof BigInt64Array)
      return [name, rowsOf(value, chosen, value.length / rows, length, micro)]
    return [name, name === 'dropout' ? dropoutOf(value as DropoutChance | undefined, chosen, length) : value]
  })
  return Object.fromEntries(taken) as Batch
}

function rowsOf(
  data: Float32Array | BigInt64Array,
  chosen: readonly number[],
  from: number,
  length: number,
  micro: number
): Float32Array | BigInt64Array {
  const size = micro * length
  const part = data instanceof Float32Array ? new Float32Array(size) : new BigInt64Array(size)
  chosen.forEach((row, place) =>
    (part as Float32Array).set(data.subarray(row * from, row * from + length) as Float32Array, place * length)
  )
  return part
}

/** A row leaves out what it would in its own place: the numbers of its first `length` tokens. */
const dropoutOf = (
  dropout: DropoutChance | undefined,
  chosen: readonly number[],
  length: number
): DropoutChance | undefined =>
  dropout &&
  ((matrix, inputs, _, count) => {
    const numbers = new Float32Array(count * length * inputs)
    chosen.forEach((row, place) =>
      numbers.set(dropout(matrix, inputs, row, 1).subarray(0, length * inputs), place * length * inputs)
    )
    return numbers
  })
