import { float32, floats, int64, type HostTensor } from '../graph'
import type { Tensors } from '../session'
import { CacheStore } from './cache-store'
import type { RolloutGraph, RolloutOptions } from './rollout-graph'
import { nowhere } from './visibility'

/** One sequence while it grows. */
export interface Row {
  readonly prompt: readonly number[]
  /** New tokens. */
  readonly ids: number[]
  readonly logProbs: number[]
  readonly policyLogProbs: number[]
  /** It gets no more tokens. */
  ended: boolean
}

/**
 * A rollout between runs of its graph: what the sequences hold, and their caches. It says what to feed, and takes in
 * what a run made. Columns are tokens of the batch: those of the prompts, padded on the left, then the new ones.
 */
export class Rollout {
  readonly rows: readonly Row[]
  private readonly caches: CacheStore
  /** Columns that have been through the model. */
  private seen = 0

  constructor(
    private readonly options: RolloutOptions,
    private readonly shape: Pick<RolloutGraph, 'hides' | 'parts'>,
    prompts: readonly (readonly number[])[]
  ) {
    this.rows = prompts.map((prompt) => ({
      ...{ prompt, ids: [], logProbs: [], policyLogProbs: [] },
      ended: false
    }))
    this.caches = new CacheStore(options.model.config, options.batch, shape.parts)
  }

  /** New tokens of a sequence that has not ended. */
  get made(): number {
    return Math.max(0, this.seen - this.options.promptLength + 1)
  }

  get finished(): boolean {
    return this.made >= this.options.maxNewTokens || this.rows.every(({ ended }) => ended)
  }

  /** Columns that the next run has to begin with: all that is left of the prompts, then the token made last. */
  get waiting(): number {
    return Math.max(1, this.options.promptLength - this.seen)
  }

  /** The most turns of a run that begins with so many columns. */
  turnsAfter(columns: number): number {
    if (columns < this.waiting) return 1
    const room = this.caches.room - (columns - 1)
    return Math.max(1, Math.min(room, this.options.maxNewTokens - this.made))
  }

  /** Everything that a run needs but sampling and weights. */
  inputs(columns: number, turns: number): Tensors {
    const { batch } = this.options
    const { seen } = this
    const grid = (from: number, to: number, value: (row: number, column: number) => bigint): HostTensor => {
      const length = to - from
      const data = BigInt64Array.from({ length: batch * length }, (_, index) =>
        value(Math.floor(index / length), from + (index % length))
      )
      return int64([batch, length], data)
    }
    const place = (row: number, column: number): number => column - this.padding(row)
    const keyAt = (row: number, column: number): bigint =>
      place(row, column) < 0 ? nowhere : BigInt(place(row, column))
    return {
      turns: int64([], BigInt64Array.of(BigInt(turns))),
      ids: grid(seen, seen + columns, (row, column) => BigInt(this.tokenAt(row, place(row, column)))),
      position: grid(seen, seen + columns, (row, column) => BigInt(Math.max(0, place(row, column)))),
      ended: {
        dtype: 'bool',
        shape: [batch, 1],
        data: Uint8Array.from({ length: batch }, (_, row) => Number(this.rows[row]?.ended ?? true))
      },
      ...this.caches.inputs(),
      ...(this.shape.hides
        ? { keys: grid(seen, seen + columns, keyAt), seen_keys: grid(0, seen, keyAt) }
        : {})
    }
  }

  /** Takes in a run of these columns. */
  take(columns: number, results: Tensors): void {
    const { tokens, log_probs: logProbs, policy_log_probs: policyLogProbs } = results
    const { batch, model, promptLength } = this.options
    const turns = tokens.shape[0]
    const prompted = this.seen + columns >= promptLength
    this.caches.take(results)
    this.seen += columns + turns - 1
    if (!prompted) return // a token after a part of the prompt is no answer
    for (let turn = 0; turn < turns; turn++)
      for (const [index, row] of this.rows.entries()) {
        if (row.ended) continue
        const at = turn * batch + index
        const id = Number(tokens.data[at])
        row.ids.push(id)
        row.logProbs.push(floats(logProbs)[at])
        row.policyLogProbs.push(floats(policyLogProbs)[at])
        row.ended = model.config.endTokens.includes(id)
      }
  }

  /** [B, vocabulary], 1 for the tokens that a sequence holds. */
  held(): HostTensor {
    const { batch, model } = this.options
    const { vocabularySize } = model.config
    const held = new Float32Array(batch * vocabularySize)
    this.rows.forEach(({ prompt, ids }, row) => {
      for (const id of [...prompt, ...ids]) held[row * vocabularySize + id] = 1
    })
    return float32([batch, vocabularySize], held)
  }

  private padding(row: number): number {
    return row < this.rows.length ? this.options.promptLength - this.rows[row].prompt.length : Infinity
  }

  /** What a sequence has at a place; 0 where nobody reads it: padding, and what comes after the end. */
  private tokenAt(row: number, place: number): number {
    if (place < 0) return 0
    const { prompt, ids } = this.rows[row]
    return prompt[place] ?? ids[place - prompt.length] ?? 0
  }
}
