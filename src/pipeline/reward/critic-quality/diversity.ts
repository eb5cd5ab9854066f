import { tokenWords, wordOffsets } from './answer'

/** Of the worthiest answers so many are compared with one another, and so many put in turn: 200,000 comparisons. */
const COMPARED = 1000
const TURNS = 200
/** Words in a row that are compared. */
const SHINGLE = 3

export interface WorthyAnswer {
  readonly text: string
  /** What speaks for it by itself, in [0, 1]. */
  readonly worth: number
}

/**
 * The order in which answers are to be looked at, so that what comes first is not one answer many times. Next is the
 * one of the largest worth − likeness, where likeness is its largest resemblance to one that comes before it: maximal
 * marginal relevance with λ = ½ (Carbonell & Goldstein 1998), resemblance being the Jaccard index of the sets of three
 * words in a row (Broder 1997). Past the 200th, and for texts that are there already, worth alone decides.
 * @returns places in `answers`
 */
export function inTurn(answers: readonly WorthyAnswer[]): number[] {
  const byWorth = [...answers.keys()].sort((a, b) => answers[b].worth - answers[a].worth)
  const compared = distinct(answers, byWorth)
  const sets = shingleSets(compared.map((place) => answers[place].text))
  const likeness = new Float64Array(compared.length)
  const value = (one: number): number => answers[compared[one]].worth - likeness[one]
  const left = new Set(compared.keys())
  const first = new Set<number>()
  while (first.size < TURNS && left.size > 0) {
    let best = -1
    for (const one of left) if (best < 0 || value(one) > value(best)) best = one
    left.delete(best)
    first.add(compared[best])
    sets.compare(best, left, (one, found) => (likeness[one] = Math.max(likeness[one], found)))
  }
  return [...first, ...byWorth.filter((place) => !first.has(place))]
}

/** The first places of different texts. */
function distinct(answers: readonly WorthyAnswer[], places: readonly number[]): number[] {
  const texts = new Map<string, number>()
  for (const place of places) {
    if (texts.size === COMPARED) break
    const { text } = answers[place]
    if (!texts.has(text)) texts.set(text, place)
  }
  return [...texts.values()]
}

/** The texts as sets of shingles, each shingle a number. */
function shingleSets(texts: readonly string[]) {
  const numbers = new Map<string, number>()
  const sets = texts.map((text) => {
    const set = new Set<number>()
    for (const shingle of shinglesOf(text)) {
      const known = numbers.get(shingle) ?? numbers.size
      numbers.set(shingle, known)
      set.add(known)
    }
    return Int32Array.from(set)
  })
  const marked = new Uint8Array(numbers.size)
  return {
    /** Tells the resemblance of one text to each of the others. */
    compare(one: number, others: Iterable<number>, tell: (other: number, resemblance: number) => void): void {
      for (const shingle of sets[one]) marked[shingle] = 1
      for (const other of others) {
        let both = 0
        for (const shingle of sets[other]) both += marked[shingle]
        const either = sets[one].length + sets[other].length - both
        tell(other, either === 0 ? 1 : both / either)
      }
      for (const shingle of sets[one]) marked[shingle] = 0
    }
  }
}

function shinglesOf(text: string): string[] {
  const words = tokenWords(text, wordOffsets(text))
  if (words.length === 0) return []
  const last = Math.max(0, words.length - SHINGLE)
  return Array.from({ length: last + 1 }, (_, from) => words.slice(from, from + SHINGLE).join(' '))
}
