/** The longest pattern we let a tokenizer bring; the longest in use have some 300 characters. */
const longest = 4096

/**
 * Whether a regular expression could take exponential time: it repeats, without bound, a group that itself repeats
 * something (`(a+)+`). The patterns of published tokenizers do not. The check errs on the side of refusing.
 */
export function slowPattern(source: string): boolean {
  if (source.length > longest) return true
  // One entry for each open group: whether it holds a repetition.
  const groups: boolean[] = [false]
  let at = 0
  let closed: boolean | null = null // Set after a closing parenthesis: whether that group held a repetition.
  while (at < source.length) {
    const repeats = /^(?:[*+]|\{\d*,\d*\}|\{\d{2,}\})/.exec(source.slice(at, at + 24))
    if (repeats) {
      if (closed) return true
      groups[groups.length - 1] = true
      at += repeats[0].length
      closed = null
      continue
    }
    const character = source[at]
    closed = null
    if (character === '\\') at += 2
    else if (character === '[') at = afterClass(source, at)
    else if (character === '(') {
      groups.push(false)
      at++
    } else if (character === ')') {
      closed = groups.length > 1 ? (groups.pop() ?? false) : false
      if (closed) groups[groups.length - 1] = true
      at++
    } else at++
  }
  return false
}

/** The index after a character class; classes may be nested, as Oniguruma has them. */
function afterClass(source: string, start: number): number {
  let depth = 0
  for (let at = start; at < source.length; at++) {
    if (source[at] === '\\') at++
    else if (source[at] === '[') depth++
    else if (source[at] === ']' && --depth === 0) return at + 1
  }
  return source.length
}
