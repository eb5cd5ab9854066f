/** A card that wants to stand beside its mark. Pixels from the top of the margin. */
export interface Wish {
  readonly top: number
  readonly height: number
}

/**
 * Tops of the cards, in the order of their marks: each as near its mark as it can be without touching another. The
 * active card stands exactly at its mark; those before it give way upwards, those after it downwards.
 */
export function layCards(wishes: readonly Wish[], active: number, gap: number): number[] {
  const tops = wishes.map(({ top }) => Math.max(0, top))
  const from = Math.max(0, active)
  for (let place = from - 1; place >= 0; place--)
    tops[place] = Math.min(tops[place], tops[place + 1] - gap - wishes[place].height)
  // What was pushed above the margin's top starts there, and pushes the rest down again.
  if (tops.length > 0) tops[0] = Math.max(0, tops[0])
  for (let place = 1; place < tops.length; place++)
    tops[place] = Math.max(tops[place], tops[place - 1] + wishes[place - 1].height + gap)
  return tops
}
