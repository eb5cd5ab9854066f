import { walk, type Choices, type FixedChoices, type ReplyVocabulary } from './choices'
import { quote, refused } from './grammar'
import { QuoteStates } from './quote-states'

/** Keeps one sequence to replies about one response. */
export interface ReplyConstraint {
  /** New tokens with which a reply can always be finished, the end token included. With fewer, no token is allowed. */
  readonly shortest: number
  /**
   * Which tokens may come next, [V], 1 for a token that may come: those after which the reply can still be finished.
   * `ids`: the new tokens so far; `left`: how many may still come, this one included. It must fall by one with each
   * token. The mask may be shared: it is not to be written to. It allows nothing when the reply is complete and the
   * vocabulary has no end token, or when `left` was too low from the start.
   */
  mask(ids: readonly number[], left: number): Uint8Array
  /** Whether the tokens are a reply from its first character to its last; an end token may follow. */
  isComplete(ids: readonly number[]): boolean
}

/**
 * Constrained decoding (method 9.2): whatever the weights are, what is written parses, every quote is a part of the
 * response in whole grapheme clusters, and it occurs as often as the number beside it says. The reply is canonical
 * (`serialiseReply`), so that its text decides its places. The bounds of tokens need not be those of the quote's words.
 *
 *   const vocabulary = replyVocabulary({ tokenizer, size: config.vocabularySize, endTokens: config.endTokens })
 *   const rows = responses.map((response) => replyConstraint(vocabulary, response))
 *   generator.constrain({ prompts, mask: (row, ids, left) => rows[row].mask(ids, left), … })
 *   parseReply(tokenizer.decode(ids), response)
 */
export function replyConstraint(vocabulary: ReplyVocabulary, response: string): ReplyConstraint {
  const { size, trie, grammar, endings, endTokens } = vocabulary
  const { states, start, done, afterOccurrence } = grammar
  const comma = 0x2c
  const quotes = new QuoteStates(trie, response, states, {
    state: grammar.next[afterOccurrence * 256 + comma],
    cost: endings.costs[afterOccurrence],
    comma
  })
  const quoteCost = quotes.root === refused ? Infinity : quotes.cost(quotes.root)
  const endCost = endTokens.length > 0 ? 1 : 0
  const after = (state: number, byte: number): number => {
    if (state >= states) return quotes.next(state, byte)
    const target = grammar.next[state * 256 + byte]
    return target === quote ? quotes.root : target
  }
  /** Tokens that are enough to finish from a state, the end token not counted. */
  const costOf = (state: number): number =>
    state >= states
      ? quotes.cost(state)
      : endings.costs[state] + (endings.toQuote[state] === 1 ? quoteCost : 0)

  const onlyEnd = new Uint8Array(size)
  for (const id of endTokens) onlyEnd[id] = 1
  const known = new Map<number, { choices: Choices; mask: Uint8Array; highest: number }>()

  /** Choices that go through a quote, beside those that are the same for all responses. */
  function throughQuotes(fixed: FixedChoices): Choices {
    const ids: number[] = []
    const costs: number[] = []
    const visit = (id: number, state: number): void => {
      ids.push(id)
      costs.push(costOf(state))
    }
    fixed.beforeQuote.ids.forEach((id, index) => {
      ids.push(id)
      costs.push(fixed.beforeQuote.costs[index] + quoteCost)
    })
    if (quotes.root !== refused)
      for (const node of fixed.quoteNodes) walk(trie, node, quotes.root, after, visit)
    return { ids, costs }
  }

  function maskOfGrammar(state: number, room: number): Uint8Array {
    const fixed = vocabulary.choices(state)
    let own = known.get(state)
    if (!own) {
      const choices = throughQuotes(fixed)
      const open = choices.costs.some((cost) => Number.isFinite(cost))
      const mask = open ? fixed.mask.slice() : fixed.mask
      const highest = choices.costs.reduce(
        (most, cost) => (Number.isFinite(cost) ? Math.max(most, cost) : most),
        fixed.highest
      )
      if (open) allow(mask, choices, Infinity)
      known.set(state, (own = { choices, mask, highest }))
    }
    if (own.highest <= room) return own.mask
    const mask = new Uint8Array(size)
    allow(mask, fixed, room)
    allow(mask, own.choices, room)
    return mask
  }

  function maskOfQuote(state: number, room: number): Uint8Array {
    const mask = new Uint8Array(size)
    walk(trie, 0, state, after, (id, target) => {
      if (costOf(target) <= room) mask[id] = 1
    })
    return mask
  }

  let seen: readonly number[] = []
  let state = start
  /** The state after `ids`; a sequence is usually asked about in order, a token longer each time. */
  function follow(ids: readonly number[]): number {
    const goesOn = ids.length >= seen.length && seen.every((id, index) => ids[index] === id)
    if (!goesOn) state = start
    for (const id of goesOn ? ids.slice(seen.length) : ids) state = advance(state, id)
    seen = ids.slice()
    return state
  }

  function advance(from: number, id: number): number {
    let at = from
    const bytes = endTokens.includes(id) ? [] : vocabulary.bytes(id)
    for (const byte of bytes) if (at >= 0) at = after(at, byte)
    if (at < 0 || (bytes.length === 0 && at !== done))
      throw new RangeError(`Token ${id} is not part of a reply here.`)
    return at
  }

  return {
    shortest: endings.costs[start] + endCost,
    mask(ids, left) {
      const at = follow(ids)
      if (at === done) return left >= endCost ? onlyEnd : new Uint8Array(size)
      const room = left - 1 - endCost
      return at >= states ? maskOfQuote(at, room) : maskOfGrammar(at, room)
    },
    isComplete: (ids) => follow(ids) === done
  }
}

/** Marks the choices that need no more than `room` tokens. */
function allow(mask: Uint8Array, { ids, costs }: Choices, room: number): void {
  for (let index = 0; index < ids.length; index++)
    if (costs[index] <= room && costs[index] < Infinity) mask[ids[index]] = 1
}
