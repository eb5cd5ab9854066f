import { EngineFailure } from '../failure'
import type { Row } from './rollout'

/** 1 for a token that may come, else 0: [V] for all sequences, or [sequences, V] row-major. */
export type AllowedTokens = Uint8Array

/**
 * Which tokens a sequence may get next, [V], 1 for a token that may come; null: any. Asked before each token, with the
 * new tokens so far and how many may still come, this one included. If nothing is allowed the sequence ends there.
 */
export type TokenMask = (row: number, ids: readonly number[], left: number) => AllowedTokens | null

/** A mask that stays, as the graph wants it: [batch, V]. Throws EngineFailure `bad-input` if it allows nothing. */
export function checkAllowed(
  allowed: AllowedTokens,
  rows: number,
  batch: number,
  vocabulary: number
): Uint8Array {
  if (allowed.length !== vocabulary && allowed.length !== rows * vocabulary)
    throw new RangeError(`A mask of ${allowed.length} for ${rows} sequences and ${vocabulary} tokens.`)
  const whole = new Uint8Array(batch * vocabulary).fill(1)
  for (let row = 0; row < rows; row++) {
    const own = allowed.length === vocabulary ? allowed : allowed.subarray(row * vocabulary)
    const part = own.subarray(0, vocabulary)
    if (!part.includes(1))
      throw new EngineFailure('bad-input', 'The mask allows no token at all; allow at least one.')
    whole.set(part, row * vocabulary)
  }
  return whole
}

interface Sizes {
  readonly vocabularySize: number
  readonly batch: number
  readonly maxNewTokens: number
}

/** Asks for the masks of the next token. A sequence that may get none ends, and is told to `block`. */
export function maskOf(
  mask: TokenMask,
  rows: readonly Row[],
  { vocabularySize, batch, maxNewTokens }: Sizes,
  block: (row: Row) => void
): Uint8Array {
  const whole = new Uint8Array(batch * vocabularySize).fill(1)
  for (const [index, row] of rows.entries()) {
    if (row.ended) continue
    const allowed = mask(index, row.ids, maxNewTokens - row.ids.length)
    if (!allowed) continue
    if (allowed.length !== vocabularySize)
      throw new RangeError(`A mask of ${allowed.length} for ${vocabularySize} tokens.`)
    if (allowed.includes(1)) whole.set(allowed, index * vocabularySize)
    else {
      row.ended = true
      block(row)
    }
  }
  return whole
}
