/**
 * Records of many megabytes are nearly always one long string in a little JSON. `JSON.parse` would hold the text of the
 * record and a copy of the string at once; here the long strings are taken out first and decoded one by one, where they
 * lie, so that each is in memory once. What is unusual in any way is left to `JSON.parse`.
 */

/** Bytes from which a record is taken apart, and from which a string of it is long. */
const largeRecord = 1 << 20
const longString = 1 << 16

const [quote, backslash, colon, space] = [0x22, 0x5c, 0x3a, 0x20]

interface Apart {
  /** The record with a mark in place of each long string. */
  readonly json: string
  /** Byte ranges of the long strings, between their quotes. */
  readonly strings: readonly (readonly [start: number, end: number])[]
}

/** Stands for long string `n`: JSON of text that no record holds, or the record is not taken apart. */
const marker = '\\u0000long '
const markOf = (index: number): string => `"${marker}${index}"`

/**
 * The value of a large record, or undefined where `JSON.parse` has to see the whole of it. The bytes are used up.
 * `outline` leaves every long string empty, and the bytes as they are.
 * @throws TypeError for invalid UTF-8, SyntaxError for invalid JSON
 */
export function parseLarge(
  bytes: Uint8Array,
  { outline = false } = {}
): { readonly value: unknown } | undefined {
  if (bytes.length < largeRecord) return undefined
  const apart = takeApart(bytes)
  if (!apart) return undefined
  const text = (index: number): string => {
    if (outline) return ''
    const [start, end] = apart.strings[index]
    return decode(bytes.subarray(start, unescape(bytes, start, end, true) ?? end))
  }
  const revive = (_: string, value: unknown): unknown =>
    typeof value === 'string' && value.startsWith('\0long ') ? text(Number(value.slice(6))) : value
  return { value: JSON.parse(apart.json, revive) as unknown }
}

const decode = (bytes: Uint8Array): string =>
  new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)

/** null for a record without long strings, or with one that is no plain JSON. */
function takeApart(bytes: Uint8Array): Apart | null {
  const strings: (readonly [number, number])[] = []
  let json = ''
  let copied = 0
  for (let open = bytes.indexOf(quote); open >= 0;) {
    const close = endOfString(bytes, open)
    if (close < 0) return null
    if (close - open > longString && !isKey(bytes, close)) {
      if (unescape(bytes, open + 1, close, false) === null) return null
      json += decode(bytes.subarray(copied, open)) + markOf(strings.length)
      strings.push([open + 1, close])
      copied = close + 1
    }
    open = bytes.indexOf(quote, close + 1)
  }
  if (strings.length === 0) return null
  json += decode(bytes.subarray(copied))
  // A record that holds the mark itself.
  if (json.split(marker).length - 1 !== strings.length) return null
  return { json, strings }
}

/** Index of the quote that ends the string opened at `open`; −1 where it does not end. */
function endOfString(bytes: Uint8Array, open: number): number {
  for (let at = bytes.indexOf(quote, open + 1); at >= 0; at = bytes.indexOf(quote, at + 1)) {
    let slashes = 0
    while (bytes[at - 1 - slashes] === backslash) slashes++
    if (slashes % 2 === 0) return at
  }
  return -1
}

function isKey(bytes: Uint8Array, close: number): boolean {
  let at = close + 1
  while (bytes[at] <= space) at++
  return bytes[at] === colon
}

const escapes = new Map(
  [...'"\\/bfnrt'].map((letter, index) => [letter.charCodeAt(0), '"\\/\b\f\n\r\t'.charCodeAt(index)])
)

/**
 * Undoes the escapes of a JSON string in its own bytes, which only become fewer, if `write`; else only looks.
 * @returns where the string ends then; null for what JSON or UTF-8 does not allow: a control character, an escape that
 * is none, half of a surrogate pair
 */
function unescape(bytes: Uint8Array, start: number, end: number, write: boolean): number | null {
  let to = start
  for (let at = start; at < end;) {
    const byte = bytes[at]
    if (byte < space) return null
    if (byte !== backslash) {
      if (write) bytes[to] = byte
      to++
      at++
      continue
    }
    const plain = escapes.get(bytes[at + 1])
    const [point, length] = plain === undefined ? codePointAt(bytes, at, end) : [plain, 2]
    if (point < 0) return null
    const utf8 = encodeUtf8(point)
    if (write) bytes.set(utf8, to)
    to += utf8.length
    at += length
  }
  return to
}

/** `\uXXXX`, or two of them that are a pair: code point, or −1, and bytes read. */
function codePointAt(bytes: Uint8Array, at: number, end: number): readonly [point: number, length: number] {
  const high = hexUnit(bytes, at, end)
  if (high < 0xd800 || high > 0xdfff) return [high, 6]
  const low = hexUnit(bytes, at + 6, end)
  const isPair = high < 0xdc00 && low >= 0xdc00 && low <= 0xdfff
  return isPair ? [0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00), 12] : [-1, 0]
}

function hexUnit(bytes: Uint8Array, at: number, end: number): number {
  if (at + 6 > end || bytes[at] !== backslash || bytes[at + 1] !== 0x75) return -1
  const digits = String.fromCharCode(...bytes.subarray(at + 2, at + 6))
  return /^[0-9a-fA-F]{4}$/.test(digits) ? parseInt(digits, 16) : -1
}

function encodeUtf8(point: number): readonly number[] {
  if (point < 0x80) return [point]
  const tail = (shift: number): number => 0x80 | ((point >> shift) & 0x3f)
  if (point < 0x800) return [0xc0 | (point >> 6), tail(0)]
  if (point < 0x10000) return [0xe0 | (point >> 12), tail(6), tail(0)]
  return [0xf0 | (point >> 18), tail(12), tail(6), tail(0)]
}
