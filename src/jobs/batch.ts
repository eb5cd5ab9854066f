/** A prompt and an answer as the policy sees them: token ids, the prompt's and then the answer's. */
export interface Sequence {
  readonly promptIds: readonly number[]
  readonly ids: readonly number[]
}

/**
 * Sequences as rows of a batch (B,T), padded on the right. Entry t of a row of the scorer is the log-probability of
 * `ids[t + 1]`, so the answer's token j is predicted at entry `promptLength + j − 1`.
 */
export class PaddedBatch {
  readonly ids: BigInt64Array<ArrayBuffer>

  constructor(
    private readonly sequences: readonly Sequence[],
    rows: number,
    private readonly length: number
  ) {
    if (sequences.length > rows) throw new RangeError(`${sequences.length} sequences in ${rows} rows.`)
    this.ids = new BigInt64Array(rows * length)
    sequences.forEach(({ promptIds, ids }, row) => {
      if (promptIds.length === 0) throw new RangeError('A prompt holds at least one token.')
      if (promptIds.length + ids.length > length)
        throw new RangeError(`${promptIds.length} + ${ids.length} tokens in ${length} places.`)
      ;[...promptIds, ...ids].forEach((id, place) => (this.ids[row * length + place] = BigInt(id)))
    })
  }

  /** Tokens of each sequence. */
  get lengths(): readonly number[] {
    return this.sequences.map(({ promptIds, ids }) => promptIds.length + ids.length)
  }

  /** 1 at every answer's entries, else 0 (B,T): what matters of the batch. */
  get mask(): Float32Array<ArrayBuffer> {
    return this.scatter(this.sequences.map(({ ids }) => new Float32Array(ids.length).fill(1)))
  }

  /** What a (B,T) array holds for the answer's tokens of one row: [tokens]. */
  gather(values: Float32Array, row: number): Float32Array {
    const from = this.entry(row)
    return values.slice(from, from + this.sequences[row].ids.length)
  }

  /** A (B,T) array with the given values at the answers' entries and 0 elsewhere; null leaves a row 0. */
  scatter(rows: readonly (ArrayLike<number> | null)[]): Float32Array<ArrayBuffer> {
    const values = new Float32Array(this.ids.length)
    rows.forEach((row, index) => {
      if (row) values.set(row, this.entry(index))
    })
    return values
  }

  private entry(row: number): number {
    return row * this.length + this.sequences[row].promptIds.length - 1
  }
}
