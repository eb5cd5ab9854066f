import type { Polarity } from '../../../pipeline/annotate/span'
import { polarityOf } from '../../../pipeline/annotate/span'

export interface Layers {
  /** Code-point range of each token; tokens that share a character share its range. */
  readonly offsets: readonly (readonly [number, number])[]
  /** One number a token, to be drawn as a tint. */
  readonly values?: readonly number[]
  readonly spans: readonly { readonly start: number; readonly end: number; readonly label: number }[]
  /** Code-point ranges that another text does not have. */
  readonly changed?: readonly (readonly [number, number])[]
}

/** A stretch that is drawn in one way. */
export interface Piece {
  readonly text: string
  /** Index of the (first) token that it belongs to, or -1. */
  readonly token: number
  /** Sum over the tokens that share this stretch. */
  readonly value: number
  readonly polarity: Polarity | null
  readonly changed: boolean
}

/** Cuts a text wherever a token, a span or a change begins or ends. */
export function cutPieces(text: string, { offsets, values, spans, changed = [] }: Layers): Piece[] {
  const characters = Array.from(text)
  const cuts = new Set([0, characters.length])
  for (const [start, end] of [...offsets, ...changed]) cuts.add(start).add(end)
  for (const { start, end } of spans) cuts.add(start).add(end)
  const borders = [...cuts].filter((cut) => cut >= 0 && cut <= characters.length).sort((a, b) => a - b)

  let next = 0
  return borders.slice(1).map((end, place) => {
    const start = borders[place]
    while (next < offsets.length && offsets[next][1] <= start) next++
    const inside = next < offsets.length && offsets[next][0] <= start
    let value = 0
    // Byte-fragment tokens of one character have the same range and are drawn as one.
    for (let token = next; inside && token < offsets.length && offsets[token][0] <= start; token++)
      value += values?.[token] ?? 0
    // A poor mark is not hidden by a good one; a neutral one hides nothing.
    const labels = spans.filter((span) => span.start <= start && span.end >= end).map(({ label }) => label)
    const label = labels.find((one) => one < 0) ?? labels.find((one) => one > 0) ?? labels[0]
    return {
      text: characters.slice(start, end).join(''),
      token: inside ? next : -1,
      value,
      polarity: label === undefined ? null : polarityOf(label),
      changed: changed.some(([from, to]) => from <= start && to >= end)
    }
  })
}

/**
 * The size that a full tint stands for: what all but the largest twentieth of the numbers that are not 0 stay below,
 * so that one outlier does not pale the rest. 1 where all are 0.
 */
export function tintScale(lists: readonly (readonly number[])[]): number {
  const sizes = lists.flatMap((list) => list.map(Math.abs).filter((size) => size > 0)).sort((a, b) => a - b)
  return sizes[Math.floor((sizes.length - 1) * 0.95)] ?? 1
}
