import { Failure } from '../pipeline/failure'
import type { DecoderStep, TokenizerFile } from './tokenizer-file'

/**
 * What each token stands for, in bytes. A token of a byte-level or byte-fallback vocabulary may hold part of a
 * character, so that bytes are the only exact unit; characters are made of them afterwards.
 */
export interface Pieces {
  /** The bytes of a token; none for an id that is not in the vocabulary. */
  bytes(id: number): Uint8Array
  readonly isSpecial: (id: number) => boolean
  /** Spaces that the decoder takes off the start of a text: the encoder had put one there. */
  readonly leadingSpaces: number
  /** The character that stands for a space inside the vocabulary, or null. */
  readonly spaceMark: string | null
}

const encoder = new TextEncoder()
const nothing = new Uint8Array(0)
const byteToken = /^<0x([0-9A-Fa-f]{2})>$/

export function createPieces(file: TokenizerFile, tokenOf: (id: number) => string | undefined): Pieces {
  const rules = readDecoder(file.decoder)
  const added = new Map(file.addedTokens.map((token) => [token.id, token]))
  const cache = new Map<number, Uint8Array>()

  const make = (id: number): Uint8Array => {
    const literal = added.get(id)
    const token = literal?.content ?? tokenOf(id)
    if (token === undefined) return nothing
    if (rules.byteLevel) return literal ? encoder.encode(token) : byteLevelBytes(token)
    const byte = rules.byteFallback ? byteToken.exec(token) : null
    if (byte) return Uint8Array.of(parseInt(byte[1], 16))
    return encoder.encode(rules.replace.reduce((text, [from, to]) => text.replaceAll(from, to), token))
  }

  return {
    bytes: (id) => {
      let bytes = cache.get(id)
      if (!bytes) cache.set(id, (bytes = make(id)))
      return bytes
    },
    isSpecial: (id) => added.get(id)?.special ?? false,
    leadingSpaces: rules.leadingSpaces,
    spaceMark: rules.replace.find(([, to]) => to === ' ')?.[0] ?? null
  }
}

interface DecoderRules {
  byteLevel: boolean
  byteFallback: boolean
  replace: [from: string, to: string][]
  leadingSpaces: number
}

/** The decoders of byte-level BPE (GPT-2, Llama 3, Qwen) and of SentencePiece (Llama 1 and 2, Mistral). */
function readDecoder(steps: readonly DecoderStep[]): DecoderRules {
  const rules: DecoderRules = { byteLevel: false, byteFallback: false, replace: [], leadingSpaces: 0 }
  for (const step of steps) {
    if (step.type === 'ByteLevel') rules.byteLevel = true
    else if (step.type === 'ByteFallback') rules.byteFallback = true
    else if (step.type === 'Replace' && step.pattern?.String !== undefined)
      rules.replace.push([step.pattern.String, step.content ?? ''])
    else if (step.type === 'Strip' && step.content === ' ' && !step.stop)
      rules.leadingSpaces = step.start ?? 0
    else if (step.type === 'Metaspace') {
      rules.replace.push([step.replacement ?? '▁', ' '])
      const prepends = (step.prepend_scheme ?? 'always') !== 'never' && step.add_prefix_space !== false
      rules.leadingSpaces = prepends ? 1 : 0
    } else if (step.type !== 'Fuse')
      throw new Failure(
        'tokenizer-invalid',
        `The tokenizer's decoder has a step "${step.type}" that this program cannot trace back to characters; use a byte-level or SentencePiece tokenizer.`
      )
  }
  if (!rules.byteLevel && rules.replace.length === 0)
    throw new Failure(
      'tokenizer-invalid',
      'The tokenizer has no decoder, so its tokens cannot be traced back to characters; use a byte-level or SentencePiece tokenizer.'
    )
  return rules
}

/**
 * GPT-2's table from bytes to visible characters: printable Latin-1 stands for itself, the other bytes for the
 * characters from U+0100 on.
 */
const byteOfCharacter: ReadonlyMap<string, number> = (() => {
  const table = new Map<string, number>()
  let next = 0x100
  for (let byte = 0; byte < 256; byte++) {
    const visible = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad)
    table.set(String.fromCodePoint(visible ? byte : next++), byte)
  }
  return table
})()

function byteLevelBytes(token: string): Uint8Array {
  const bytes: number[] = []
  for (const character of token) {
    const byte = byteOfCharacter.get(character)
    if (byte === undefined) bytes.push(...encoder.encode(character))
    else bytes.push(byte)
  }
  return Uint8Array.from(bytes)
}
