/**
 * Of the places of a text that either of two people, or critics, has marked, how many both marked alike. Labels are by
 * place, 0 for what was not marked.
 */
export function markedAlike(
  first: Int8Array | Uint8Array,
  second: Int8Array | Uint8Array
): { readonly marked: number; readonly alike: number } {
  let marked = 0
  let alike = 0
  first.forEach((label, place) => {
    if (label === 0 && second[place] === 0) return
    marked++
    if (label === second[place]) alike++
  })
  return { marked, alike }
}
