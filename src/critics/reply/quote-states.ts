import { cluster, escapeResponse, unquotable } from './escaped-response'
import { beforeOccurrence, refused } from './grammar'
import { childOf, endsToken, spellingCosts, type TokenTrie } from './vocabulary'

/** A state of the machine that depends on the response. */
interface QuoteState {
  /** Tokens that are enough to finish the reply from here, end token not counted. */
  readonly cost: number
  /** The state after a byte, or `refused`. */
  next(byte: number): number
}

/**
 * The states from the first byte of a quote to the end of its occurrence's number, made when they are first reached
 * and numbered from `first` on. A quote begins and ends between grapheme clusters. All places where its bytes stand go
 * with it and get fewer with every byte; which of them are left when it ends says which numbers its occurrence may have.
 */
export class QuoteStates {
  /** Before the first byte of a quote; `refused` if the response has nothing that could be quoted. */
  readonly root: number
  private readonly states: QuoteState[] = []
  private readonly hasDigits: boolean
  private readonly bytes: Uint8Array
  private readonly border: Uint8Array
  /** From each byte, tokens that spell the rest of its cluster. */
  private readonly restOfCluster: Float64Array
  /** From each byte of `","occurrence":`, tokens that spell the rest of it. */
  private readonly toNumber: Float64Array
  /** Of the largest number that an occurrence could have. */
  private readonly mostDigits: number

  /** `afterOccurrence`: the grammar's state after the number, and the tokens that are enough from there. */
  constructor(
    trie: TokenTrie,
    response: string,
    private readonly first: number,
    private readonly afterOccurrence: {
      readonly state: number
      readonly cost: number
      readonly comma: number
    }
  ) {
    const { bytes, border, starts } = escapeResponse(response)
    this.hasDigits = [...'0123456789'].every((digit) => {
      const node = childOf(trie, 0, digit.charCodeAt(0))
      return node >= 0 && endsToken(trie, node)
    })
    this.bytes = bytes
    this.border = border
    this.restOfCluster = clusterCosts(trie, bytes, border)
    this.toNumber = spellingCosts(trie, label, 0, label.length)
    this.mostDigits = String(starts.length).length
    const all = starts.filter((at) => bytes[at] !== unquotable)
    this.root = all.some((at) => this.canBegin(at)) ? this.add(this.words(all, 0)) : refused
  }

  cost(state: number): number {
    return this.states[state - this.first].cost
  }

  next(state: number, byte: number): number {
    return this.states[state - this.first].next(byte)
  }

  private add(state: QuoteState): number {
    return this.first + this.states.push(state) - 1
  }

  private canBegin(at: number): boolean {
    return this.border[at] === cluster
  }

  /** `depth` bytes of a quote, which stand at `places`; among them is one where a cluster begins. */
  private words(places: Int32Array, depth: number): QuoteState {
    const { bytes, border, restOfCluster, afterOccurrence } = this
    const fromQuote = this.toNumber[0] + this.digitCost(this.mostDigits) + afterOccurrence.cost
    let rest = Infinity
    for (const at of places) {
      if (!this.canBegin(at)) continue
      const end = at + depth
      const own = depth > 0 && border[end] === cluster ? 0 : (restOfCluster[end] ?? Infinity)
      if (own < rest) rest = own
      if (rest === 0) break
    }
    let children: Map<number, number> | undefined
    const grow = (): Map<number, number> => {
      const groups = new Map<number, number[]>()
      for (const at of places) {
        const byte = at + depth < bytes.length ? bytes[at + depth] : unquotable
        if (byte === unquotable) continue
        const group = groups.get(byte)
        if (group) group.push(at)
        else groups.set(byte, [at])
      }
      const grown = new Map<number, number>()
      for (const [byte, group] of groups)
        if (group.some((at) => this.canBegin(at)))
          grown.set(byte, this.add(this.words(Int32Array.from(group), depth + 1)))
      if (depth > 0) {
        const numbers = this.numbers(places, depth)
        if (numbers.length > 0) grown.set(label[0], this.add(this.labelled(numbers, 1)))
      }
      return grown
    }
    return {
      cost: rest + fromQuote,
      next: (byte) => (children ??= grow()).get(byte) ?? refused
    }
  }

  /** Which occurrences begin and end between clusters, counted from 1 among all. */
  private numbers(places: Int32Array, depth: number): number[] {
    const numbers: number[] = []
    places.forEach((at, index) => {
      if (this.canBegin(at) && this.border[at + depth] === cluster) numbers.push(index + 1)
    })
    return numbers
  }

  /** `at` bytes of `","occurrence":`. */
  private labelled(numbers: readonly number[], at: number): QuoteState {
    if (at === label.length) return this.digits(numbers.map(String), 0, false)
    let after: number | undefined
    const digits = this.digitCost(String(numbers[numbers.length - 1]).length)
    return {
      cost: this.toNumber[at] + digits + this.afterOccurrence.cost,
      next: (byte) => (byte === label[at] ? (after ??= this.add(this.labelled(numbers, at + 1))) : refused)
    }
  }

  /** `at` digits of the number, which some of `numbers` begin with; `whole`: they are one of them. */
  private digits(numbers: readonly string[], at: number, whole: boolean): QuoteState {
    const { state, cost, comma } = this.afterOccurrence
    const longest = numbers.reduce((length, number) => Math.max(length, number.length - at), 0)
    const after = new Map<number, number>()
    return {
      cost: this.digitCost(longest) + cost,
      next: (byte) => {
        if (whole && byte === comma) return state
        const known = after.get(byte)
        if (known !== undefined) return known
        const those = numbers.filter((number) => number.charCodeAt(at) === byte)
        const target =
          those.length === 0
            ? refused
            : this.add(
                this.digits(
                  those.filter((number) => number.length > at + 1),
                  at + 1,
                  those.some((number) => number.length === at + 1)
                )
              )
        after.set(byte, target)
        return target
      }
    }
  }

  /** Infinite for a vocabulary that lacks a digit: it cannot count. */
  private digitCost(digits: number): number {
    return digits === 0 || this.hasDigits ? digits : Infinity
  }
}

const label = new TextEncoder().encode(beforeOccurrence)

function clusterCosts(trie: TokenTrie, bytes: Uint8Array, border: Uint8Array): Float64Array {
  const costs = new Float64Array(bytes.length)
  for (let from = 0, to = 1; from < bytes.length; from = to, to = from + 1) {
    while (border[to] !== cluster) to++
    costs.set(spellingCosts(trie, bytes, from, to).subarray(0, to - from), from)
  }
  return costs
}
