/**
 * A score for every token that a merge makes, so that merging whatever gives the highest score (SentencePiece, and
 * llama.cpp after it) does what merging by rank does (tokenizer.json). Null if no scores can: if a token's merges do not
 * stand together in the ranking, or if two tokens that stand side by side make a third without a merge of their own.
 */
export function mergeScores(
  tokens: ReadonlySet<string>,
  merges: readonly (readonly string[])[]
): Map<string, number> | null {
  const scores = new Map<string, number>()
  const known = new Set<string>()
  let latest = 0
  for (const [rank, [left, right]] of merges.entries()) {
    known.add(`${left} ${right}`)
    const made = left + right
    const first = scores.get(made)
    if (first === undefined) scores.set(made, (latest = -rank - 1))
    else if (first !== latest) return null
  }
  for (const token of tokens) {
    const characters = [...token]
    for (let cut = 1; cut < characters.length; cut++) {
      const [left, right] = [characters.slice(0, cut).join(''), characters.slice(cut).join('')]
      if (tokens.has(left) && tokens.has(right) && !known.has(`${left} ${right}`)) return null
    }
  }
  return scores
}
