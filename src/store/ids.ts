import { createHash } from 'node:crypto'

/** Hash of a text's UTF-8 bytes. */
export function sha256(text: string): string {
  const hash = createHash('sha256')
  for (const piece of piecesOf(text)) hash.update(piece, 'utf8')
  return hash.digest('hex')
}

/**
 * An id made of content: the same content gets the same id in every project, so that importing a file twice adds
 * nothing, splits agree between machines, and copies made apart can be merged. The first 96 bits of the hash of the
 * parts as a JSON array.
 */
export function contentId(...parts: readonly string[]): string {
  const hash = createHash('sha256').update('[')
  parts.forEach((part, index) => {
    hash.update(index === 0 ? '"' : ',"')
    for (const piece of piecesOf(part)) hash.update(JSON.stringify(piece).slice(1, -1), 'utf8')
    hash.update('"')
  })
  return hash.update(']').digest('hex').slice(0, 24)
}

/** UTF-16 units: short enough that what is left of a piece is collected with the young and does not pile up. */
const pieceLength = 1 << 12

/** A long text piece by piece, so that its JSON is never whole in memory; no piece ends inside a character. */
function* piecesOf(text: string): Generator<string> {
  for (let at = 0; at < text.length;) {
    let end = Math.min(at + pieceLength, text.length)
    if ((text.codePointAt(end - 1) ?? 0) > 0xffff) end++
    yield text.slice(at, end)
    at = end
  }
}

/** JSON with sorted keys: equal values give equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : inner
  )
}
