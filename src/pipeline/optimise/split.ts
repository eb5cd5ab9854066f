import { chance } from './chance'

/** Which part of the data a document belongs to. Answers of one document never fall on both sides. */
export type Split = 'train' | 'dev' | 'test'
export const splits: readonly Split[] = ['train', 'dev', 'test']

/** Shares of train and dev; the rest is test. By default a fifth of the documents is held out. */
export interface SplitShares {
  readonly train: number
  readonly dev: number
}
export const defaultShares: SplitShares = { train: 0.8, dev: 0.1 }

/**
 * The split of a document: a pure function of its id, so that it is the same on every machine, stays when documents
 * are added, and cannot depend on what is in the document.
 */
export function splitOf(documentId: string, shares: SplitShares = defaultShares): Split {
  const place = hash32(documentId) / 2 ** 32
  if (place < shares.train) return 'train'
  return place < shares.train + shares.dev ? 'dev' : 'test'
}

/** How many records of a file belong to each side; other sums than the file's are proportions of it. */
export type SplitCounts = Readonly<Record<Split, number>>

/**
 * A split drawn by lot: the side of each record of a file (first record 0), a function of their number and the seed.
 * Of `records` records, in the proportions of `counts`, exactly as many are on each side as rounding allows.
 */
export function drawSplit(records: number, counts: SplitCounts, seed: number): (record: number) => Split {
  const whole = counts.train + counts.dev + counts.test
  const trained = Math.round((records * counts.train) / whole)
  const known = Math.round((records * (counts.train + counts.dev)) / whole)
  const order = chance(seed, 'split').shuffle(Array.from({ length: records }, (_, record) => record))
  const sides = new Array<Split>(records).fill('train')
  order.forEach((record, place) => {
    if (place >= trained) sides[record] = place < known ? 'dev' : 'test'
  })
  return (record) => sides[record]
}

/** FNV-1a over UTF-8 bytes, then MurmurHash3's finaliser, because FNV alone spreads short ids badly. Unsigned. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
