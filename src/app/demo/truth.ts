/**
 * The truth score of the demo: is what an answer says on the card? It reads sentences by their grammar and shares no
 * code with the writer of the texts, the script that marked the sample, or anything that trains.
 */
const facts = ['name', 'river', 'year', 'material', 'length', 'colour'] as const
export type Fact = (typeof facts)[number]
export type Card = Readonly<Record<Fact, string>>

const cardLines: Readonly<Record<Fact, RegExp>> = {
  name: /^Name: (.+) bridge$/m,
  river: /^River: (.+)$/m,
  year: /^Built: (.+)$/m,
  material: /^Material: (.+)$/m,
  length: /^Length: (.+) metres$/m,
  colour: /^Colour: (.+)$/m
}

/** The six facts of a prompt, or null if it is no card. */
export function readCard(prompt: string): Card | null {
  const found = facts.map((fact) => [fact, cardLines[fact].exec(prompt)?.[1]] as const)
  return found.every(([, value]) => value !== undefined) ? (Object.fromEntries(found) as Card) : null
}

/** What a clause may be. A sentence is one or two of these, joined by a comma or "and". */
const clauses = [
  /^the (?<name>\w+ \w+) bridge (?:crosses|spans) the river (?<river>\w+)$/i,
  /^(?:it (?:was|is) |is )?(?:built|made) of (?<material>\w+)(?: in (?<year>\d+))?$/i,
  /^it (?:was (?:built|opened) in|dates from) (?<year>\d+)$/i,
  /^it (?:is|measures) (?<length>\d+) metres(?: long)?$/i,
  /^(?:it is )?painted (?<colour>\w+)$/i,
  /^its railings are (?<colour>\w+)$/i
]

export interface Truth {
  /** Facts of the card that the answer states, each time rightly. Of 6. */
  readonly right: number
  /** Facts stated wrongly at least once. */
  readonly wrong: number
  /** Sentences that say something the card does not, or that are no sentence of this world. */
  readonly unsupported: number
  /** right / (6 + unsupported), in [0, 1]: silence, mistakes and inventions all cost. */
  readonly score: number
}

export function truthOf(card: Card, answer: string): Truth {
  const stated = new Map<Fact, boolean>()
  let unsupported = 0
  for (const sentence of answer.trim().split(/(?<=\.)\s+/)) {
    if (sentence === '') continue
    const claims = sentence.endsWith('.') ? readSentence(sentence.slice(0, -1)) : null
    if (claims === null) unsupported++
    for (const [fact, value] of claims ?? [])
      stated.set(fact, (stated.get(fact) ?? true) && value === card[fact])
  }
  const right = [...stated.values()].filter(Boolean).length
  return { right, wrong: stated.size - right, unsupported, score: right / (facts.length + unsupported) }
}

/** The claims of a sentence without its full stop; null unless every clause of it is understood. */
function readSentence(sentence: string): [Fact, string][] | null {
  const claims: [Fact, string][] = []
  for (const clause of sentence.split(/, | and /)) {
    const groups = clauses.map((pattern) => pattern.exec(clause)?.groups).find((found) => found !== undefined)
    if (groups === undefined) return null
    for (const [fact, value] of Object.entries(groups))
      if (value !== undefined) claims.push([fact as Fact, value])
  }
  return claims
}
