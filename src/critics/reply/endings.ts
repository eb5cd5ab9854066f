import { quote, type Grammar } from './grammar'
import { childOf, endsToken, type TokenTrie } from './vocabulary'

/**
 * Tokens that are enough to get from each state of the grammar to the end of the reply, end token not counted; for
 * states from which only a quote can come (`toQuote`), to the first byte of the quote. Infinity: no way is known.
 *
 * Every state has one way out, the shortest in bytes, and the number is that of the fewest tokens which spell it. So
 * whoever follows the fewest tokens finds the number one lower after each of them: once there is room to finish, there
 * stays room. A polarity counts as its costliest word, so that lack of room never decides which it is.
 */
export interface Endings {
  readonly costs: Float64Array
  readonly toQuote: Uint8Array
}

const allBytes = Array.from({ length: 256 }, (_, byte) => byte)

/** Bytes that are no token by themselves are gone through only where there is no other way. */
const unspellable = 1000

export function endingsOf(grammar: Grammar, trie: TokenTrie): Endings {
  const { states, next, done, polarity } = grammar
  const weights = allBytes.map((byte) => {
    const node = childOf(trie, 0, byte)
    return node >= 0 && endsToken(trie, node) ? 1 : unspellable
  })
  const letters = allBytes.filter((byte) => next[polarity * 256 + byte] >= 0)
  const distance = new Float64Array(states).fill(Infinity)
  const exit = new Int16Array(states).fill(-1)
  distance[done] = 0
  relax(() => Infinity)
  const toQuote = Uint8Array.from(distance, (far) => Number(far === Infinity))
  relax((target, state) => (target === quote && toQuote[state] === 1 ? 0 : Infinity))

  const costs = new Float64Array(states).fill(Infinity)
  costs[done] = 0
  const order = Array.from(distance.keys()).sort((a, b) => distance[a] - distance[b])
  for (const state of order) {
    if (state === done || exit[state] < 0) continue
    if (state !== polarity) costs[state] = costBy(state, exit[state])
    else costs[state] = Math.max(...letters.map((byte) => costBy(state, byte)))
  }
  return { costs, toQuote }

  /** Shortest ways, until nothing gets shorter; `others` says how far targets are that are no states. */
  function relax(others: (target: number, state: number) => number): void {
    for (let changed = true; changed;) {
      changed = false
      for (let state = 0; state < states; state++) {
        const far = (byte: number): number => {
          const target = next[state * 256 + byte]
          return weights[byte] + (target >= 0 ? distance[target] : others(target, state))
        }
        // A polarity is as far as its farthest word, so that all of them are reckoned before what stands before them.
        const best =
          state === polarity
            ? letters.reduce((most, byte) => (far(byte) > far(most) ? byte : most))
            : allBytes.reduce((least, byte) => (far(byte) < far(least) ? byte : least))
        if (!(far(best) < distance[state])) continue
        distance[state] = far(best)
        exit[state] = best
        changed = true
      }
    }
  }

  /** Fewest tokens along the way out that begins with `first`; a token may not reach past a polarity's first letter. */
  function costBy(state: number, first: number): number {
    let fewest = Infinity
    for (let node = 0, at = state, byte = first; ;) {
      node = childOf(trie, node, byte)
      if (node < 0) return fewest
      at = next[at * 256 + byte]
      if (endsToken(trie, node)) fewest = Math.min(fewest, 1 + (at === quote ? 0 : costs[at]))
      if (at === quote || at === polarity || at === done) return fewest
      byte = exit[at]
    }
  }
}
