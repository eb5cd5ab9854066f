import { Failure } from '../pipeline/failure'
import { slowPattern } from './slow-pattern'

/** One step of the `decoder` section of `tokenizer.json`, with the fields that any step may have. */
export interface DecoderStep {
  readonly type: string
  readonly pattern?: { readonly String?: string; readonly Regex?: string }
  readonly content?: string
  readonly start?: number
  readonly stop?: number
  readonly replacement?: string
  readonly prepend_scheme?: string
  readonly add_prefix_space?: boolean
}

export interface AddedToken {
  readonly id: number
  readonly content: string
  readonly special: boolean
}

/** What we read of `tokenizer.json` ourselves; the rest is the tokenizer library's. */
export interface TokenizerFile {
  readonly decoder: readonly DecoderStep[]
  readonly addedTokens: readonly AddedToken[]
  /** What the normaliser puts in front of every text, or nothing. */
  readonly prepended: string
  readonly vocabularySize: number
}

/** More ids than any vocabulary in use has; a larger id would make an array of gigabytes. */
const largestId = 4_000_000
const deepest = 16

const refuse = (what: string): Failure =>
  new Failure(
    'tokenizer-invalid',
    `tokenizer.json ${what}; copy the tokenizer again from the model's source.`
  )

type Json = Readonly<Record<string, unknown>>
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Checks the shape of `tokenizer.json` before the library sees it, so that a damaged or hostile file gives one
 * sentence: not a stack trace, not an array of gigabytes, and not a pattern that runs for ever.
 */
export function readTokenizerFile(json: unknown): TokenizerFile {
  if (!isObject(json)) throw refuse('is not an object')
  if (!isObject(json.model)) throw refuse('has no "model" section')
  const addedTokens = readAddedTokens(json.added_tokens)
  const largest = Math.max(
    readVocabulary(json.model),
    addedTokens.reduce((most, token) => Math.max(most, token.id), -1)
  )
  if (json.model.type !== 'Unigram') readMerges(json.model.merges)

  let prepended = ''
  for (const section of ['normalizer', 'pre_tokenizer', 'decoder'] as const)
    for (const step of flatten(json[section] ?? null, section)) {
      const pattern = isObject(step.pattern) ? step.pattern.Regex : undefined
      if (typeof pattern === 'string' && slowPattern(pattern))
        throw refuse(`has a pattern in "${section}" that could run for ever (${pattern.slice(0, 40)})`)
      if (section === 'normalizer' && step.type === 'Prepend' && typeof step.prepend === 'string')
        prepended = step.prepend + prepended
    }

  return {
    decoder: flatten(json.decoder ?? null, 'decoder'),
    addedTokens,
    prepended,
    vocabularySize: largest + 1
  }
}

function checkId(id: unknown, token: string): number {
  if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id > largestId)
    throw refuse(
      `gives the token "${token.slice(0, 40)}" an id that is not a whole number from 0 to ${largestId}`
    )
  return id
}

/** The largest id of the model's vocabulary. */
function readVocabulary(model: Json): number {
  const { type, vocab } = model
  if (type === 'Unigram') {
    const sound = (entry: unknown): boolean =>
      Array.isArray(entry) && typeof entry[0] === 'string' && typeof entry[1] === 'number'
    if (!Array.isArray(vocab) || vocab.length > largestId || !vocab.every(sound))
      throw refuse('has a vocabulary that is not a list of [token, score]')
    return vocab.length - 1
  }
  if (type !== undefined && type !== 'BPE')
    throw refuse(`has a model of type "${String(type).slice(0, 40)}", but only BPE and Unigram are known`)
  if (!isObject(vocab)) throw refuse('has no vocabulary')
  let largest = -1
  for (const [token, id] of Object.entries(vocab)) largest = Math.max(largest, checkId(id, token))
  return largest
}

function readMerges(merges: unknown): void {
  if (!Array.isArray(merges)) throw refuse('has no list of merges')
  const pair = (merge: unknown): boolean =>
    typeof merge === 'string' ||
    (Array.isArray(merge) && merge.length === 2 && merge.every((part) => typeof part === 'string'))
  const wrong = merges.findIndex((merge) => !pair(merge))
  if (wrong >= 0) throw refuse(`has a merge, number ${wrong + 1}, that is not a pair of tokens`)
}

function readAddedTokens(value: unknown): AddedToken[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw refuse('has "added_tokens" that is not a list')
  return value.map((token: unknown) => {
    if (!isObject(token) || typeof token.content !== 'string')
      throw refuse('has an added token without content')
    return { id: checkId(token.id, token.content), content: token.content, special: token.special === true }
  })
}

const childrenOf = { normalizer: 'normalizers', pre_tokenizer: 'pretokenizers', decoder: 'decoders' } as const

/** A section as a flat list: sequences hold steps, which may be sequences again. */
function flatten(node: unknown, section: keyof typeof childrenOf, depth = 0): (DecoderStep & Json)[] {
  if (node === null) return []
  if (depth > deepest) throw refuse(`nests "${section}" too deeply`)
  if (!isObject(node) || typeof node.type !== 'string')
    throw refuse(`has a step without a type in "${section}"`)
  if (node.type !== 'Sequence') return [node as unknown as DecoderStep & Json]
  const children = node[childrenOf[section]]
  if (!Array.isArray(children)) throw refuse(`has a sequence without steps in "${section}"`)
  return children.flatMap((child) => flatten(child, section, depth + 1))
}
