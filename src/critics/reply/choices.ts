import type { PolicyTokenizer } from '../../tokens/tokenizer'
import { Failure } from '../../pipeline/failure'
import { endingsOf, type Endings } from './endings'
import { quote, replyGrammar, type Grammar } from './grammar'
import { tokensOf, tokenTrie, type TokenTrie } from './vocabulary'

/** Tokens that may come, each with what the reply needs after it. */
export interface Choices {
  readonly ids: number[]
  /** Tokens that are enough after it, the end token not counted. */
  readonly costs: number[]
}

/** What may come in a state of the grammar, as far as it does not depend on the response. */
export interface FixedChoices extends Choices {
  readonly highest: number
  /** All of `ids`, as a mask [V]. Shared: not to be written to. */
  readonly mask: Uint8Array
  /** Tokens that lead to a state with only a quote ahead, and what they need up to it. */
  readonly beforeQuote: Choices
  /** Nodes of the trie whose last byte stands before the first one of a quote. */
  readonly quoteNodes: readonly number[]
}

/** What replies in one vocabulary have in common. Made once for a model: 50,000 tokens take about a second. */
export interface ReplyVocabulary {
  /** Length of a mask, V. */
  readonly size: number
  readonly endTokens: readonly number[]
  readonly trie: TokenTrie
  readonly grammar: Grammar
  readonly endings: Endings
  bytes(id: number): Uint8Array
  /** Of a state of the grammar; kept. */
  choices(state: number): FixedChoices
}

export interface ReplyVocabularyOptions {
  readonly tokenizer: Pick<PolicyTokenizer, 'vocabularySize' | 'tokenBytes' | 'leadingSpaces'>
  /** Tokens of the model, which may be more than the tokenizer's; left out, the tokenizer's. */
  readonly size?: number
  /** Any of them ends the sequence, and may come only after a complete reply. */
  readonly endTokens: readonly number[]
}

/** Throws a Failure `bad-configuration` for a tokenizer that cannot spell a reply at all. */
export function replyVocabulary({ tokenizer, size, endTokens }: ReplyVocabularyOptions): ReplyVocabulary {
  const tokens = tokensOf(tokenizer, endTokens).filter(({ id }) => size === undefined || id < size)
  const trie = tokenTrie(tokens)
  const grammar = replyGrammar(tokenizer.leadingSpaces > 0)
  const endings = endingsOf(grammar, trie)
  if (!Number.isFinite(endings.costs[grammar.start]))
    throw new Failure(
      'bad-configuration',
      "The model's tokenizer lacks characters of JSON, so it cannot write a critic's replies; choose another base model."
    )
  const known = new Map<number, FixedChoices>()
  const vocabulary = {
    ...{ size: size ?? tokenizer.vocabularySize, endTokens, trie, grammar, endings },
    bytes: (id: number) => tokenizer.tokenBytes(id),
    choices: (state: number) => {
      const found = known.get(state) ?? fixedChoices(state, vocabulary)
      known.set(state, found)
      return found
    }
  }
  return vocabulary
}

type Common = Pick<ReplyVocabulary, 'size' | 'trie' | 'grammar' | 'endings'>

function fixedChoices(state: number, { size, trie, grammar, endings }: Common): FixedChoices {
  const ids: number[] = []
  const costs: number[] = []
  const beforeQuote: { ids: number[]; costs: number[] } = { ids: [], costs: [] }
  const quoteNodes: number[] = []
  const mask = new Uint8Array(size)
  walk(
    trie,
    0,
    state,
    (from, byte, node) => {
      const target = grammar.next[from * 256 + byte]
      if (target === quote) quoteNodes.push(node)
      return target
    },
    (id, at) => {
      const own = endings.toQuote[at] === 1 ? beforeQuote : { ids, costs }
      if (!Number.isFinite(endings.costs[at])) return
      own.ids.push(id)
      own.costs.push(endings.costs[at])
      if (own !== beforeQuote) mask[id] = 1
    }
  )
  const highest = costs.reduce((most, cost) => Math.max(most, cost), 0)
  return { ids, costs, highest, mask, beforeQuote, quoteNodes }
}

/**
 * Visits the tokens of the subtree of `root`, which is reached in `state`, that a machine reads to their end: with the
 * state after each. `next` gives the state after a byte; below 0, it is refused.
 */
export function walk(
  { byte, depth, end, first, ids }: TokenTrie,
  root: number,
  state: number,
  next: (state: number, byte: number, node: number) => number,
  visit: (id: number, state: number) => void
): void {
  const states = [state]
  const top = depth[root]
  for (let at = first[root]; at < first[root + 1]; at++) visit(ids[at], state)
  for (let node = root + 1; node < end[root];) {
    const level = depth[node] - top
    const after = next(states[level - 1], byte[node], node)
    if (after < 0) {
      node = end[node]
      continue
    }
    states[level] = after
    for (let at = first[node]; at < first[node + 1]; at++) visit(ids[at], after)
    node++
  }
}
