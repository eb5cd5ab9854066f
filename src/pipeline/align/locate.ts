import search from 'approx-string-match'
import { placesOf } from '../annotate/anchor'
import type { Range } from '../annotate/span'
import { fold, type FoldedText } from './fold'
import type { AlignIssue, AlignRules, Tier } from './span-input'

/** Where a quote stands. More than one range only under `ambiguous: 'all'`; none with an issue. */
export interface Located {
  readonly tier: Tier
  readonly ranges: readonly Range[]
  readonly issue?: AlignIssue
}

/** A text made ready for many quotes: it is folded once, and only if some quote asks for it. */
export interface Haystack {
  readonly text: string
  readonly folded: () => FoldedText
}

export function haystack(text: string): Haystack {
  let folded: FoldedText | undefined
  return { text, folded: () => (folded ??= fold(text)) }
}

type LocateRules = Pick<AlignRules, 'fuzzy' | 'ambiguous'>

/**
 * Finds a quote in an answer (method 9.3, step 2): as it is; then with spelling accidents folded; then, if asked,
 * nearly. The first tier that has the quote decides. What is in several places and has no occurrence follows
 * `rules.ambiguous`; what is nowhere is missing. Lengths are never extrapolated.
 */
export function locate(
  hay: Haystack,
  quote: string,
  occurrence: number | undefined,
  rules: LocateRules
): Located {
  if (quote === '') return { tier: 'missing', ranges: [], issue: 'empty' }

  const exact = placesOf(hay.text, quote)
  if (enough(exact, occurrence)) return choose('exact', exact, occurrence, rules)

  const normalised = foldedPlaces(hay.folded(), quote)
  if (enough(normalised, occurrence)) return choose('normalised', normalised, occurrence, rules)

  // Fewer places than the occurrence asks for: the critic miscounted, and which one it meant is not known.
  if (exact.length > 0 || normalised.length > 0) return { tier: 'missing', ranges: [], issue: 'missing' }
  return rules.fuzzy ? nearly(hay.folded(), quote) : { tier: 'missing', ranges: [], issue: 'missing' }
}

const enough = (places: readonly Range[], occurrence = 1): boolean => places.length >= Math.max(1, occurrence)

function choose(
  tier: Tier,
  places: readonly Range[],
  occurrence: number | undefined,
  rules: LocateRules
): Located {
  if (occurrence !== undefined) {
    const place = Number.isInteger(occurrence) ? places[occurrence - 1] : undefined
    return place ? { tier, ranges: [place] } : { tier: 'missing', ranges: [], issue: 'missing' }
  }
  if (places.length === 1) return { tier, ranges: places }
  if (rules.ambiguous === 'first') return { tier, ranges: [places[0]] }
  if (rules.ambiguous === 'all') return { tier, ranges: places }
  return { tier: 'ambiguous', ranges: [], issue: 'ambiguous' }
}

/** A folded stretch as a range of the original: whole clusters. */
const original = ({ start, end }: FoldedText, from: number, to: number): Range => ({
  start: start[from],
  end: end[to - 1]
})

function foldedPlaces(text: FoldedText, quote: string): Range[] {
  const needle = fold(quote).folded.trim()
  const places: Range[] = []
  if (needle === '') return places
  for (let at = text.folded.indexOf(needle); at >= 0; at = text.folded.indexOf(needle, at + 1))
    places.push(original(text, at, at + needle.length))
  return places
}

/** Quotes shorter than this (folded, UTF-16 units) are not looked for nearly: two errors would fit anywhere. */
const shortestFuzzy = 8
/** The runner-up must be this many errors worse than the best. */
const margin = 2

/** Edit distance at most max(2, 10 % of the length), best place unique, and well ahead of any other. */
function nearly(text: FoldedText, quote: string): Located {
  const needle = fold(quote).folded.trim()
  const missing: Located = { tier: 'missing', ranges: [], issue: 'missing' }
  if (needle.length < shortestFuzzy) return missing
  const best = search(text.folded, needle, Math.max(2, Math.floor(needle.length / 10)))
  if (best.length === 0) return missing

  // Several equally good matches that overlap are one place; the first of them, then the shortest, stands for it.
  const [chosen] = [...best].sort((a, b) => a.start - b.start || a.end - b.end)
  const ambiguous: Located = { tier: 'ambiguous', ranges: [], issue: 'ambiguous' }
  if (best.some((match) => match.start >= chosen.end)) return ambiguous
  const rivals = [text.folded.slice(0, chosen.start), text.folded.slice(chosen.end)]
  const rival = chosen.errors + margin - 1
  if (rivals.some((rest) => search(rest, needle, rival).length > 0)) return ambiguous
  return { tier: 'fuzzy', ranges: [original(text, chosen.start, chosen.end)] }
}
