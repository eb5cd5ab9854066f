import { Tokenizer } from '@huggingface/tokenizers'
import type { Message } from '../pipeline/annotate/message'
import { Failure } from '../pipeline/failure'
import { normaliseWithRanges } from './normalised'
import { createPieces, type Pieces } from './pieces'
import { plainPrompt, renderChatTemplate, type PromptTemplate } from './prompt'
import { chatTemplateOf, specialTokens } from './tokenizer-config'
import { readTokenizerFile, type TokenizerFile } from './tokenizer-file'
import { decodeUtf8, fromCodePoints } from './utf8'

/** Code points, half-open `[start, end)`. A token that stands for no character has an empty range. */
export type Offset = readonly [start: number, end: number]

/** Why an answer cannot be trained on: one sentence. */
export interface Unfaithful {
  readonly unfaithful: string
}
const noBytes = new Uint8Array(0)

export const isUnfaithful = (result: object): result is Unfaithful => 'unfaithful' in result

/** A policy's own tokenizer, with the place of every token in the text. Offsets are Unicode code points. */
export interface PolicyTokenizer {
  /** One more than the largest id. */
  readonly vocabularySize: number
  /** Ids of the start and the end token; null if the tokenizer has none. */
  readonly bos: number | null
  readonly eos: number | null
  readonly hasChatTemplate: boolean
  /** Ids of a text; no start or end token is added. */
  encode(text: string): number[]
  /** The text of ids; special tokens are left out, nothing is cleaned up. */
  decode(ids: readonly number[]): string
  /** One token for display: a byte that is no character alone is written `<0xE2>`. */
  tokenText(id: number): string
  /** What a token adds to a decoded text, in bytes of UTF-8; none for special tokens and unknown ids. */
  tokenBytes(id: number): Uint8Array
  /** Spaces that decoding takes off the start of a text, if they are there. */
  readonly leadingSpaces: number
  /** Ids of a text and where each of them stands in it. */
  withOffsets(text: string): { readonly ids: number[]; readonly offsets: Offset[] } | Unfaithful
  /** Where sampled ids stand in the text that was stored with them; never encodes again. */
  offsetsOf(ids: readonly number[], text: string): { readonly offsets: Offset[] } | Unfaithful
  /** Sampled ids → the text to store, and where each of them stands in it. Special tokens have an empty range. */
  decodeResponse(ids: readonly number[]): { readonly text: string; readonly offsets: Offset[] }
  /** Ids of a prompt, ready for the answer's ids to follow (contracts: "Prompt and response"). */
  prompt(messages: readonly Message[], template: PromptTemplate): number[]
}

/**
 * Opens a tokenizer from the parsed `tokenizer.json` and `tokenizer_config.json` of a model folder, and the text of
 * `chat_template.jinja`, which comes before a template in the settings.
 * Throws a Failure `tokenizer-invalid` for a file that is damaged, hostile, or of a kind whose tokens cannot be
 * traced back to characters.
 */
export function openTokenizer(
  tokenizerJson: unknown,
  tokenizerConfig: unknown,
  templateFile: string | null = null
): PolicyTokenizer {
  const file = readTokenizerFile(tokenizerJson)
  const config = (tokenizerConfig ?? {}) as Readonly<Record<string, unknown>>
  const library = openLibrary(tokenizerJson as object, config)
  const pieces = createPieces(file, (id) => library.id_to_token(id))
  const encode = (text: string): number[] =>
    text === '' ? [] : library.encode(text, { add_special_tokens: false }).ids

  const special = specialTokens(config)
  const idOf = (token: string | undefined): number | null =>
    token === undefined ? null : (library.token_to_id(token) ?? null)
  const bos = idOf(special.bos_token)
  const chatTemplate = templateFile ?? chatTemplateOf(config.chat_template)
  const withStart = (ids: number[]): number[] => (bos === null || ids[0] === bos ? ids : [bos, ...ids])

  const decodeResponse = (ids: readonly number[]): { text: string; offsets: Offset[] } => {
    const { codePoints, offsets } = place(ids, pieces, false)
    return { text: fromCodePoints(codePoints), offsets }
  }

  return {
    vocabularySize: file.vocabularySize,
    bos,
    eos: idOf(special.eos_token),
    hasChatTemplate: chatTemplate !== null,
    encode,
    decode: (ids) => decodeResponse(ids).text,
    tokenText: (id) => {
      const bytes = pieces.bytes(id)
      const { codePoints } = decodeUtf8(bytes)
      if (!codePoints.includes(0xfffd)) return fromCodePoints(codePoints)
      return [...bytes].map((byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`).join('')
    },
    tokenBytes: (id) => (pieces.isSpecial(id) ? noBytes : pieces.bytes(id)),
    leadingSpaces: pieces.leadingSpaces,
    withOffsets: (text) => {
      const ids = encode(text)
      const placed = offsetsInText(ids, text, library, pieces, file)
      return 'unfaithful' in placed ? placed : { ids, offsets: placed.offsets }
    },
    offsetsOf: (ids, text) => {
      const response = decodeResponse(ids)
      if (response.text === text) return { offsets: response.offsets }
      return offsetsInText(ids, text, library, pieces, file)
    },
    decodeResponse,
    prompt: (messages, template) => {
      const ids = promptIds()
      if (ids.length > 0) return ids
      throw new Failure('bad-input', 'The prompt is empty and the model has no start token; write a prompt.')

      function promptIds(): number[] {
        if (template === 'none') return withStart(encode(messages.at(-1)?.content ?? ''))
        if (template === 'plain') return withStart(encode(plainPrompt(messages)))
        if (chatTemplate === null)
          throw new Failure(
            'bad-configuration',
            'The model has no chat template; choose the template "plain" or "none".'
          )
        return encode(renderChatTemplate(chatTemplate, messages, special))
      }
    }
  }
}

/** Puts ids in their places in a text that was there before them. */
function offsetsInText(
  ids: readonly number[],
  text: string,
  library: Tokenizer,
  pieces: Pieces,
  file: TokenizerFile
): { offsets: Offset[] } | Unfaithful {
  const normalised = normaliseWithRanges(text, (part) => normalise(part, library, pieces, file))
  if (normalised === null)
    return { unfaithful: 'The tokenizer rewrites the text in a way that cannot be traced back.' }
  const { codePoints, offsets } = place(ids, pieces, true)
  const decoded = fromCodePoints(codePoints)
  // Some encoders put a space before the text that their decoder does not take away again.
  const extra = decoded !== normalised.text && decoded === ` ${normalised.text}` ? 1 : 0
  if (extra === 0 && decoded !== normalised.text) return { unfaithful: difference(normalised.text, decoded) }

  const { ranges } = normalised
  const length = codePoints.length - extra
  return {
    offsets: offsets.map(([first, last]): Offset => {
      const start = Math.max(0, first - extra)
      const end = last === 0 ? 0 : Math.min(Math.max(1, last - extra), length)
      if (ranges === null) return [start, end]
      if (start === end) {
        const at = start < ranges.length ? ranges[start][0] : (ranges.at(-1)?.[1] ?? 0)
        return [at, at]
      }
      return [ranges[start][0], ranges[end - 1][1]]
    })
  }
}

/** A text as the decoder spells it: the normaliser's prefix taken off, its space mark read as a space. */
function normalise(text: string, library: Tokenizer, pieces: Pieces, file: TokenizerFile): string {
  const spelt = library.normalizer ? library.normalizer.normalize(text) : text
  const bare = spelt.startsWith(file.prepended) ? spelt.slice(file.prepended.length) : spelt
  return pieces.spaceMark === null ? bare : bare.replaceAll(pieces.spaceMark, ' ')
}

/**
 * Characters of ids, and the range of each id in them. A token that holds part of a character has all of it, and a
 * space that the encoder put before the text belongs to the text's first character.
 */
function place(
  ids: readonly number[],
  pieces: Pieces,
  keepSpecial: boolean
): { codePoints: readonly number[]; offsets: Offset[] } {
  const tokens = ids.map((id) => (keepSpecial || !pieces.isSpecial(id) ? pieces.bytes(id) : noBytes))
  const bytes = new Uint8Array(tokens.reduce((sum, token) => sum + token.length, 0))
  let written = 0
  for (const token of tokens) {
    bytes.set(token, written)
    written += token.length
  }
  const decoded = decodeUtf8(bytes)

  let stripped = 0
  while (stripped < pieces.leadingSpaces && decoded.codePoints[stripped] === 0x20) stripped++
  const codePoints = stripped > 0 ? decoded.codePoints.slice(stripped) : decoded.codePoints
  const first = (byte: number): number =>
    byte < bytes.length ? Math.max(0, decoded.owner[byte] - stripped) : codePoints.length

  let from = 0
  const offsets = tokens.map((token): Offset => {
    const to = from + token.length
    const start = first(from)
    const end = token.length === 0 ? start : Math.min(first(to - 1) + 1, codePoints.length)
    from = to
    return [start, end]
  })
  return { codePoints, offsets }
}

function difference(expected: string, decoded: string): string {
  const wanted = [...expected]
  const got = [...decoded]
  let at = 0
  while (at < wanted.length && wanted[at] === got[at]) at++
  const show = (characters: string[]): string => JSON.stringify(characters.slice(at, at + 8).join(''))
  return `The tokenizer gives back ${show(got)} for ${show(wanted)} at character ${at}.`
}

function openLibrary(json: object, config: object): Tokenizer {
  const file = json as Record<string, unknown>
  try {
    return new Tokenizer(
      {
        ...file,
        added_tokens: file.added_tokens ?? [],
        normalizer: file.normalizer ?? null,
        pre_tokenizer: withSplit(file.pre_tokenizer ?? null),
        post_processor: null,
        decoder: file.decoder ?? null
      },
      config
    )
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Failure('tokenizer-invalid', `tokenizer.json cannot be used (${reason.slice(0, 200)}).`)
  }
}

/**
 * The library's Metaspace marks spaces but does not cut the text at them, as the published one does unless `split` is
 * false: a step that cuts is put behind it.
 */
function withSplit(step: unknown): unknown {
  const { type, split, pretokenizers, replacement } = (step ?? {}) as Readonly<Record<string, unknown>>
  if (type === 'Sequence' && Array.isArray(pretokenizers))
    return { type, pretokenizers: pretokenizers.map(withSplit) }
  if (type !== 'Metaspace' || split === false) return step
  const mark = typeof replacement === 'string' && [...replacement].length === 1 ? replacement : '▁'
  const words = { type: 'Split', pattern: { Regex: `${mark}[^${mark}]*|[^${mark}]+` }, invert: true }
  return { type: 'Sequence', pretokenizers: [step, words] }
}
