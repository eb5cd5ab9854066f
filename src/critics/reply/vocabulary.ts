import type { PolicyTokenizer } from '../../tokens/tokenizer'

/**
 * The tokens of a vocabulary as a trie of their bytes, in depth-first order: the subtree of node n is n to end[n].
 * Node 0 is the root. Tokens that stand for no bytes, and those that end a sequence, are not in it.
 */
export interface TokenTrie {
  /** Per node: its last byte, how many bytes it has, and where its subtree ends. */
  readonly byte: Uint8Array
  readonly depth: Uint16Array
  readonly end: Int32Array
  /** Tokens of node n: ids[first[n]] to ids[first[n + 1] - 1]. Several tokens may have the same bytes. */
  readonly first: Int32Array
  readonly ids: Int32Array
}

export function tokenTrie(tokens: readonly { readonly id: number; readonly bytes: Uint8Array }[]): TokenTrie {
  const sorted = tokens
    .filter(({ bytes }) => bytes.length > 0)
    .map((token) => ({ ...token, key: Buffer.from(token.bytes).toString('latin1') }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.id - b.id))
  const most = sorted.reduce((sum, { bytes }) => sum + bytes.length, 1)
  const byte = new Uint8Array(most)
  const depth = new Uint16Array(most)
  const end = new Int32Array(most)
  const first = new Int32Array(most + 1)
  const path = [0]
  let before: Uint8Array = new Uint8Array(0)
  let nodes = 1
  const closeTo = (length: number): void => {
    while (path.length > length + 1) end[path.pop() as number] = nodes
  }
  sorted.forEach(({ bytes }, index) => {
    let shared = 0
    while (shared < before.length && shared < bytes.length && before[shared] === bytes[shared]) shared++
    closeTo(shared)
    for (let at = shared; at < bytes.length; at++) {
      byte[nodes] = bytes[at]
      depth[nodes] = at + 1
      first[nodes] = index
      path.push(nodes++)
    }
    before = bytes
  })
  closeTo(0)
  end[0] = nodes
  first.fill(sorted.length, nodes)
  return {
    byte: byte.slice(0, nodes),
    depth: depth.slice(0, nodes),
    end: end.slice(0, nodes),
    first: first.slice(0, nodes + 1),
    ids: Int32Array.from(sorted, ({ id }) => id)
  }
}

/** The node below `node` that ends with this byte; −1 if there is none. */
export function childOf({ byte, end }: TokenTrie, node: number, wanted: number): number {
  for (let child = node + 1; child < end[node]; child = end[child])
    if (byte[child] >= wanted) return byte[child] === wanted ? child : -1
  return -1
}

/** Whether some token has just these bytes. */
export const endsToken = ({ first }: TokenTrie, node: number): boolean => first[node + 1] > first[node]

/**
 * Fewest tokens that spell bytes[at] to bytes[to − 1] and end there, for each `at` of the range [from, to); Infinity
 * where none do.
 */
export function spellingCosts(trie: TokenTrie, bytes: Uint8Array, from: number, to: number): Float64Array {
  const costs = new Float64Array(to - from + 1).fill(Infinity)
  costs[to - from] = 0
  for (let at = to - 1; at >= from; at--)
    for (let node = 0, next = at; next < to;) {
      node = childOf(trie, node, bytes[next++])
      if (node < 0) break
      if (endsToken(trie, node)) costs[at - from] = Math.min(costs[at - from], 1 + costs[next - from])
    }
  return costs
}

/** The ids of a tokenizer with their bytes. */
export const tokensOf = (
  tokenizer: Pick<PolicyTokenizer, 'vocabularySize' | 'tokenBytes'>,
  endTokens: readonly number[]
): { id: number; bytes: Uint8Array }[] =>
  Array.from({ length: tokenizer.vocabularySize }, (_, id) => ({
    id,
    bytes: tokenizer.tokenBytes(id)
  })).filter(({ id }) => !endTokens.includes(id))
