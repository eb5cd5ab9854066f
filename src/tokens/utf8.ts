/** Bytes read as UTF-8, with the way back from every byte to its character. */
export interface DecodedBytes {
  /** Code points; U+FFFD for each maximal run of bytes that cannot begin or continue a character. */
  readonly codePoints: readonly number[]
  /** For every byte, the index of the code point that it is part of. */
  readonly owner: Int32Array
}

const replacement = 0xfffd

/**
 * Decodes as the WHATWG Encoding Standard's UTF-8 decoder does, but keeps a byte order mark, because a text may hold
 * one anywhere, and says which bytes made which character.
 */
export function decodeUtf8(bytes: Uint8Array): DecodedBytes {
  const codePoints: number[] = []
  const owner = new Int32Array(bytes.length)
  let at = 0
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at)
    const end = at + Math.abs(length)
    codePoints.push(length > 0 ? codePointOf(bytes, at, length) : replacement)
    owner.fill(codePoints.length - 1, at, end)
    at = end
  }
  return { codePoints, owner }
}

/** Bytes of the character that begins at `at`; negative: as many bytes form no character (a maximal subpart). */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]
  if (lead < 0x80) return 1
  if (lead < 0xc2 || lead > 0xf4) return -1
  const needed = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
  // The second byte's range excludes overlong forms, surrogates and what lies beyond U+10FFFF.
  let lower = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80
  let upper = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf
  for (let i = 1; i < needed; i++) {
    const byte = bytes[at + i]
    if (byte === undefined || byte < lower || byte > upper) return -i
    lower = 0x80
    upper = 0xbf
  }
  return needed
}

function codePointOf(bytes: Uint8Array, at: number, length: number): number {
  if (length === 1) return bytes[at]
  let codePoint = bytes[at] & (0x7f >> length)
  for (let i = 1; i < length; i++) codePoint = (codePoint << 6) | (bytes[at + i] & 0x3f)
  return codePoint
}

/** A string of code points; in pieces, because a call takes only so many arguments. */
export function fromCodePoints(codePoints: readonly number[]): string {
  let text = ''
  for (let i = 0; i < codePoints.length; i += 4096)
    text += String.fromCodePoint(...codePoints.slice(i, i + 4096))
  return text
}
