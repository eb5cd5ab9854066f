/** F-measures of ROUGE (Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries", sections 2 and 3.1). */
export interface Rouge {
  readonly rouge1: number
  readonly rouge2: number
  readonly rougeL: number
}

export const noRouge: Rouge = { rouge1: 0, rouge2: 0, rougeL: 0 }

/** More words than this are cut off: the longest common subsequence takes time with the product of the lengths. */
const longest = 2000

/**
 * One text against one reference, with the balanced F (precision and recall weigh the same). Words are runs of letters
 * and digits in lower case, neither stemmed nor filtered; a character of a script without spaces is a word.
 */
export function rouge(reference: string, candidate: string): Rouge {
  const wanted = wordsOf(reference)
  const given = wordsOf(candidate)
  return {
    rouge1: overlap(grams(wanted, 1), grams(given, 1)),
    rouge2: overlap(grams(wanted, 2), grams(given, 2)),
    rougeL: balanced(commonSubsequence(wanted, given), wanted.length, given.length)
  }
}

const words =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}])[\p{L}\p{M}\p{N}])+/gu

const wordsOf = (text: string): string[] => (text.toLowerCase().match(words) ?? []).slice(0, longest)

function grams(list: readonly string[], size: number): Map<string, number> {
  const counts = new Map<string, number>()
  for (let at = 0; at + size <= list.length; at++) {
    const gram = list.slice(at, at + size).join(' ')
    counts.set(gram, (counts.get(gram) ?? 0) + 1)
  }
  return counts
}

/** Each n-gram counts as often as both have it. */
function overlap(wanted: ReadonlyMap<string, number>, given: ReadonlyMap<string, number>): number {
  let common = 0
  for (const [gram, count] of wanted) common += Math.min(count, given.get(gram) ?? 0)
  const total = (counts: ReadonlyMap<string, number>): number =>
    [...counts.values()].reduce((sum, count) => sum + count, 0)
  return balanced(common, total(wanted), total(given))
}

const balanced = (common: number, wanted: number, given: number): number =>
  common === 0 ? 0 : (2 * common) / (wanted + given)

function commonSubsequence(a: readonly string[], b: readonly string[]): number {
  let above = new Int32Array(b.length + 1)
  for (const word of a) {
    const row = new Int32Array(b.length + 1)
    for (let j = 0; j < b.length; j++)
      row[j + 1] = word === b[j] ? above[j] + 1 : Math.max(row[j], above[j + 1])
    above = row
  }
  return above[b.length]
}
