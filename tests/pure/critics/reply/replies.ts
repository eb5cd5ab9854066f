import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { serialiseReply, type ReplyParts } from '../../../../src/critics/reply/format'
import type { ReplyConstraint } from '../../../../src/critics/reply/constraint'
import { parseReply } from '../../../../src/critics/reply/parse'
import { placesOf } from '../../../../src/pipeline/annotate/anchor'
import { openTokenizer, type PolicyTokenizer } from '../../../../src/tokens/tokenizer'
import { decodeUtf8, fromCodePoints } from '../../../../src/tokens/utf8'
import { sharedPath } from '../../../shared-data'

/** What a constraint needs of a tokenizer, and the way back. */
export type Spelling = Pick<PolicyTokenizer, 'vocabularySize' | 'tokenBytes' | 'leadingSpaces' | 'decode'>

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'))
export const openFolder = (folder: string): PolicyTokenizer =>
  openTokenizer(readJson(join(folder, 'tokenizer.json')), readJson(join(folder, 'tokenizer_config.json')))

export const starterFolder = resolve(import.meta.dirname, '../../../../resources/starter-model')
export const sharedTokenizers = ['models/stories260K', 'models/gpt2-tokenizer']
export const openShared = (name: string): PolicyTokenizer => openFolder(sharedPath(name))

/** All bytes, then pieces that begin and end anywhere in characters, keys and quotes; the last id ends a sequence. */
export function bytesAnd(
  pieces: readonly (string | readonly number[])[],
  missing = ''
): Spelling & { end: number } {
  const encoder = new TextEncoder()
  const tokens = [
    ...Array.from({ length: 256 }, (_, byte) =>
      Uint8Array.from(missing.includes(String.fromCharCode(byte)) ? [] : [byte])
    ),
    ...pieces.map((piece) => (typeof piece === 'string' ? encoder.encode(piece) : Uint8Array.from(piece))),
    new Uint8Array(0)
  ]
  return {
    vocabularySize: tokens.length,
    end: tokens.length - 1,
    leadingSpaces: 0,
    tokenBytes: (id) => tokens[id],
    decode: (ids) =>
      fromCodePoints(decodeUtf8(Uint8Array.from(ids.flatMap((id) => [...tokens[id]]))).codePoints)
  }
}

/** Tokens across every border of a reply, some of which only ever fit one response. */
export const crossing = bytesAnd([
  ...[
    '{"',
    '{"critique":"',
    '":"',
    '","',
    '","spans":[',
    '","spans":[]}',
    '[{"quote":"',
    '"},{"quote":"a',
    ']}',
    '}]}'
  ],
  ...[
    '","occurrence":',
    ',"occurrence":1',
    '":1,"polarity":"',
    '2,"pol',
    '10,"',
    '1,"polarity":"poor","reason":"',
    'good","'
  ],
  ...[
    'neutral',
    ' the',
    'the ',
    'aa',
    'aaa',
    'a","occurrence":',
    'no"',
    '\\"',
    '\\\\',
    '\\',
    '\\n',
    '\\u00',
    'n\\"}',
    '👍',
    'é"'
  ],
  ...[
    [0xf0, 0x9f],
    [0x91, 0x8d, 0xf0],
    [0x8f, 0xbd],
    [0xe4, 0xb8],
    [0xad, 0xe6],
    [0xff],
    [0xc3],
    [0xa9, 0x22]
  ]
])

/** Words of every awkward kind. */
export const responses: readonly string[] = [
  '',
  'a',
  'aaaaaaaaaaaaaaaaaaaa',
  'The cat sat on the mat. The cat sat on the mat. the the the',
  'He said "no\\yes", then "no"; C:\\new\\table \\\\ and \\u0041 and {"quote":"x"}.',
  'one\ntwo\r\nthree\tfour\n\n\n\u0000\u0007\u001f\u007f end',
  '👍🏽👍🏽 👨‍👩‍👧‍👦 and 👨‍👩‍👧 🇩🇪🇫🇷 said 中文中文, naïve cafe\u0301 e e\u0301e',
  'x'.repeat(120) + 'donaudampfschifffahrtsgesellschaft',
  ' \u00a0\u2003\u3000 ',
  'def f(x):\n    return {"a": [1, 2, 3]}  # "why"\n',
  '""""',
  '\\\\\\\\',
  'lone \ud83d and \udc4d halves',
  'abababababababab 1 11 111 1111 ","occurrence":1,"polarity":"good',
  '\ufeffשלום עולם ﷺ नमस्ते हिन्दी ไทย \ufffd \u2028',
  'The quick brown fox jumps over the lazy dog, and then the dog jumps over the fox. '.repeat(12)
]

/** Chance that prefers tokens which get a reply on, so that replies have spans and not just a long critique. */
export function nudged(mask: Uint8Array, tokenizer: Spelling, chance: number): Uint8Array {
  if (chance > 0.7) return mask
  const wanted = mask.slice()
  for (const id of plainTokens(tokenizer)) wanted[id] = 0
  return wanted.includes(1) ? wanted : mask
}

const plain = new WeakMap<Spelling, readonly number[]>()
/** Tokens that do not begin with a mark of JSON. */
function plainTokens(tokenizer: Spelling): readonly number[] {
  let found = plain.get(tokenizer)
  if (!found) {
    const marks = new TextEncoder().encode('"{},')
    found = Array.from({ length: tokenizer.vocabularySize }, (_, id) => id).filter(
      (id) => !marks.includes(tokenizer.tokenBytes(id)[0])
    )
    plain.set(tokenizer, found)
  }
  return found
}

/** One reply by chance alone: the first token that the mask allows from a random one on. */
export function randomReply(
  constraint: ReplyConstraint,
  tokenizer: Spelling,
  endTokens: readonly number[],
  budget: number,
  chance: () => number
): number[] {
  const ids: number[] = []
  while (ids.length < budget) {
    const mask = nudged(constraint.mask(ids, budget - ids.length), tokenizer, chance())
    const from = Math.floor(chance() * mask.length)
    const id = mask.includes(1, from) ? mask.indexOf(1, from) : mask.indexOf(1)
    if (id < 0) break
    ids.push(id)
    if (endTokens.includes(id)) break
  }
  return ids
}

/** Throws unless a reply that a constraint let through keeps all its promises; gives the number of its spans. */
export function checkReply(text: string, response: string): number {
  const wrong = (what: string): Error => new Error(`${what}: ${text} of ${JSON.stringify(response)}`)
  const critique = parseReply(text, response)
  if (critique.status !== 'ok') throw wrong(critique.reason)
  if (serialiseReply(critique as ReplyParts) !== text) throw wrong('not canonical')
  const clusters = bordersOf(response)
  for (const { quote, occurrence = 0, start = -1, end = -1 } of critique.spans) {
    const place = placesOf(response, quote).at(occurrence - 1)
    if (place?.start !== start || place.end !== end) throw wrong('not at its occurrence')
    if (!clusters.has(start) || !clusters.has(end)) throw wrong('not between clusters')
  }
  return critique.spans.length
}

const borders = new Map<string, ReadonlySet<number>>()
/** Code points at which a grapheme cluster begins or ends. */
function bordersOf(text: string): ReadonlySet<number> {
  let found = borders.get(text)
  if (!found) {
    let at = 0
    const clusters = [...new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text)]
    borders.set(text, (found = new Set([0, ...clusters.map(({ segment }) => (at += [...segment].length))])))
  }
  return found
}
