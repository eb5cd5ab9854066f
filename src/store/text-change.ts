/** One replacement that turns a text into another: what typing changed, not the whole text. UTF-16 units. */
export interface TextChange {
  readonly at: number
  readonly removed: string
  readonly inserted: string
}

export function textChange(before: string, after: string): TextChange {
  const shorter = Math.min(before.length, after.length)
  let start = 0
  while (start < shorter && before[start] === after[start]) start++
  let tail = 0
  while (tail < shorter - start && before.at(-1 - tail) === after.at(-1 - tail)) tail++
  return {
    at: start,
    removed: before.slice(start, before.length - tail),
    inserted: after.slice(start, after.length - tail)
  }
}

export const inverseTextChange = ({ at, removed, inserted }: TextChange): TextChange => ({
  at,
  removed: inserted,
  inserted: removed
})

/** @returns null where the text is not the one that the change was made on */
export function applyTextChange(text: string, { at, removed, inserted }: TextChange): string | null {
  return text.startsWith(removed, at) ? text.slice(0, at) + inserted + text.slice(at + removed.length) : null
}
