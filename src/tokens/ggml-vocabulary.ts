import { Failure } from '../pipeline/failure'
import { mergeScores } from './merge-scores'
import { readTokenizerFile, type AddedToken, type DecoderStep } from './tokenizer-file'
import { chatTemplateOf, tokenNamed } from './tokenizer-config'

/** A tokenizer as llama.cpp keeps it in a GGUF file, under `tokenizer.ggml.…`. */
export interface GgmlVocabulary {
  /** `llama`: SentencePiece's merging by scores. `gpt2`: byte-level merging by rank. */
  readonly model: 'llama' | 'gpt2'
  /** By which of llama.cpp's patterns text is cut before it is merged. */
  readonly pre: string
  /** By id, as many as the model has rows. */
  readonly tokens: readonly string[]
  /** `ggmlTokenTypes` of each. */
  readonly types: readonly number[]
  /** Of each token, for `llama`. */
  readonly scores: readonly number[] | null
  /** `left right`, the first to be made first; for `gpt2`. */
  readonly merges: readonly string[] | null
  /** Ids, or null. */
  readonly begin: number | null
  readonly end: number | null
  readonly unknown: number | null
  readonly padding: number | null
  readonly addBegin: boolean
  readonly addSpacePrefix: boolean
  readonly chatTemplate: string | null
}

/** llama.cpp's kinds of token. */
export const ggmlTokenTypes = {
  normal: 1,
  unknown: 2,
  control: 3,
  userDefined: 4,
  unused: 5,
  byte: 6
} as const

type Json = Readonly<Record<string, unknown>>

/** The patterns of tokenizer.json that llama.cpp has a name for; other texts would be cut differently there. */
const contraction = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
const afterNumbers = ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+'
const word = '[^\\r\\n\\p{L}\\p{N}]?\\p{L}+'
const splitPatterns: Readonly<Record<string, string>> = {
  [`${contraction}|${word}|\\p{N}{1,3}|${afterNumbers}`]: 'llama-bpe',
  [`${contraction}|${word}|\\p{N}|${afterNumbers}`]: 'qwen2'
}

const refuse = (what: string): Failure =>
  new Failure(
    'tokenizer-invalid',
    `tokenizer.json ${what}, which llama.cpp would cut into other tokens; it cannot be exported to GGUF.`
  )

/**
 * `tokenizer.json` and `tokenizer_config.json` as llama.cpp wants them, for a model with `size` rows.
 * Throws a Failure `tokenizer-invalid` for a tokenizer that llama.cpp cannot follow exactly.
 */
export function ggmlVocabulary(
  tokenizerJson: unknown,
  tokenizerConfig: unknown,
  size: number
): GgmlVocabulary {
  const { addedTokens } = readTokenizerFile(tokenizerJson)
  const file = tokenizerJson as Json
  const config = (tokenizerConfig ?? {}) as Json
  const model = file.model as Json
  if (model.type === 'Unigram') throw refuse('is of type Unigram')
  const vocabulary = model.vocab as Readonly<Record<string, number>>
  const idOf = (name: unknown): number | null => {
    const token = tokenNamed(name)
    if (token === null) return null
    return addedTokens.find(({ content }) => content === token)?.id ?? vocabulary[token] ?? null
  }
  const begin = idOf(config.bos_token)
  const shared = {
    begin,
    end: idOf(config.eos_token),
    unknown: idOf(config.unk_token ?? model.unk_token),
    padding: idOf(config.pad_token),
    chatTemplate: chatTemplateOf(config.chat_template)
  }
  const addBegin = config.add_bos_token
  const merges = (model.merges as readonly (string | readonly string[])[]).map((merge) =>
    typeof merge === 'string' ? merge.split(' ') : merge
  )
  if (model.byte_fallback === true) {
    const { tokens, types } = tokensByRow(vocabulary, addedTokens, size, shared.unknown)
    return {
      ...shared,
      ...{ model: 'llama', pre: 'default', tokens, types, merges: null },
      scores: scoresOf(tokens, types, merges),
      addBegin: typeof addBegin === 'boolean' ? addBegin : begin !== null,
      addSpacePrefix: spacePrefix(file)
    }
  }
  return {
    ...shared,
    ...{ model: 'gpt2', pre: cutting(file, model.ignore_merges === true), scores: null },
    ...tokensByRow(vocabulary, addedTokens, size, null),
    merges: merges.map((pair) => pair.join(' ')),
    addBegin: typeof addBegin === 'boolean' ? addBegin : beginsByTemplate(file.post_processor, begin),
    addSpacePrefix: false
  }
}

const byteToken = /^<0x[0-9A-F]{2}>$/

/** Every row of the model has a token; rows that the tokenizer does not know are named after their number. */
function tokensByRow(
  vocabulary: Readonly<Record<string, number>>,
  added: readonly AddedToken[],
  size: number,
  unknown: number | null
): Pick<GgmlVocabulary, 'tokens' | 'types'> {
  const { normal, control, userDefined, unused, byte } = ggmlTokenTypes
  const tokens = Array.from({ length: size }, (_, id) => `[PAD${id}]`)
  const types = Array.from<number>({ length: size }).fill(unused)
  for (const [token, id] of Object.entries(vocabulary)) {
    tokens[id] = token
    types[id] = unknown !== null && byteToken.test(token) ? byte : normal
  }
  for (const { id, content, special } of added) {
    tokens[id] = content
    types[id] = special ? control : userDefined
  }
  if (unknown !== null) types[unknown] = ggmlTokenTypes.unknown
  return { tokens, types }
}

function scoresOf(
  tokens: readonly string[],
  types: readonly number[],
  merges: readonly (readonly string[])[]
): readonly number[] {
  const ordinary = new Set(tokens.filter((_, id) => types[id] === ggmlTokenTypes.normal))
  const scores = mergeScores(ordinary, merges)
  if (scores === null) throw refuse('merges in an order that scores of tokens cannot express')
  return tokens.map((token, id) => (types[id] === ggmlTokenTypes.normal ? (scores.get(token) ?? 0) : 0))
}

const stepsOf = (section: unknown, children: string): DecoderStep[] => {
  const step = section as (DecoderStep & Json) | null | undefined
  if (!step) return []
  return step.type === 'Sequence'
    ? (step[children] as readonly unknown[]).flatMap((child) => stepsOf(child, children))
    : [step]
}

/** SentencePiece's form: spaces become ▁, with or without one more in front. Throws for any other. */
function spacePrefix({ normalizer, pre_tokenizer: pre }: Json): boolean {
  const normalisers = stepsOf(normalizer, 'normalizers') as (DecoderStep & Json)[]
  const cutters = stepsOf(pre, 'pretokenizers')
  const marks = normalisers.filter(({ type }) => type === 'Replace')
  const prepends = normalisers.filter(({ type }) => type === 'Prepend')
  const spelt =
    marks.length === 1 &&
    marks[0].pattern?.String === ' ' &&
    marks[0].content === '▁' &&
    prepends.every(({ prepend }) => prepend === '▁')
  if (normalisers.length === marks.length + prepends.length && spelt && cutters.length === 0)
    return prepends.length === 1
  const [metaspace] = cutters
  if (normalisers.length === 0 && cutters.length === 1 && metaspace.type === 'Metaspace')
    return metaspace.prepend_scheme !== 'never'
  throw refuse('spells spaces in a way of its own')
}

/** llama.cpp's name of how a byte-level tokenizer cuts text into words. */
function cutting({ normalizer, pre_tokenizer: pre }: Json, ignoreMerges: boolean): string {
  const steps = stepsOf(pre, 'pretokenizers') as (DecoderStep & Json)[]
  const name = patternName(steps)
  const normalisers = stepsOf(normalizer, 'normalizers').map(({ type }) => type)
  const normalised = normalisers.every((type) => type === 'NFC' && name === 'qwen2')
  if (name === null || !normalised || ignoreMerges !== (name === 'llama-bpe'))
    throw refuse('cuts text by a pattern that is not known')
  return name
}

function patternName(steps: readonly (DecoderStep & Json)[]): string | null {
  const last = steps.at(-1)
  if (last?.type !== 'ByteLevel' || last.add_prefix_space === true) return null
  const before = steps.slice(0, -1)
  const ownPattern = last.use_regex !== false
  if (before.length === 0) return ownPattern ? 'gpt-2' : null
  if (before.length > 1) return null
  const [step] = before
  if (step.type === 'Digits' && step.individual_digits === true && ownPattern) return 'smollm'
  if (step.type !== 'Split' || step.invert === true || step.behavior !== 'Isolated' || ownPattern) return null
  return splitPatterns[step.pattern?.Regex ?? ''] ?? null
}

/** Whether the post-processor puts the start token before every text. */
function beginsByTemplate(processor: unknown, begin: number | null): boolean {
  const { type, single, special_tokens: special, processors } = (processor ?? {}) as Json
  if (type === 'Sequence' && Array.isArray(processors))
    return processors.some((one) => beginsByTemplate(one, begin))
  if (type !== 'TemplateProcessing' || !Array.isArray(single) || begin === null) return false
  const first = (single[0] as { SpecialToken?: { id?: string } } | undefined)?.SpecialToken?.id
  const named = (special as Readonly<Record<string, { ids?: readonly number[] }>> | undefined)?.[first ?? '']
  return named?.ids?.[0] === begin
}
