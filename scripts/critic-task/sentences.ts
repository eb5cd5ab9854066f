import type { Chance } from '../../src/pipeline/optimise/chance'
import { pick } from '../starter/world'
import { inventedWords } from './invented'

/**
 * Sentences for a training without end: `~` is any word, mostly a made-up one, so that a sentence is known by its small
 * words alone. None of them becomes a sentence of the test: the words crosses, built and painted are in no list, and
 * `It was ~ of $material in $year.` and `It is $length metres ~ and ~ $colour.` are left out whatever the word.
 */
const openings = [
  'The $name bridge ~ the river $river.',
  'The $name bridge ~ over the river $river.',
  'The river $river ~ under the $name bridge.',
  'Over the river $river ~ the $name bridge.',
  'The $name bridge is on the river $river.'
]
const buildings = [
  'It was ~ in $year and is ~ of $material.',
  'It was ~ in $year and is of $material.',
  '~ of $material, it ~ from $year.',
  '~ in $year, it is ~ of $material.',
  'It is ~ of $material and was ~ in $year.',
  'It is of $material and ~ from $year.',
  'In $year it was ~ of $material.',
  'Its ~ are of $material, ~ in $year.'
]
const sizes = [
  'It ~ $length metres and its ~ are $colour.',
  '~ $colour, it is $length metres ~.',
  'It is ~ $colour and $length metres ~.',
  'Its ~ are $colour and it ~ $length metres.',
  'It is $colour and ~ $length metres.',
  'It ~ $length metres and is $colour.',
  'With ~ $colour it ~ $length metres.',
  'It is $length metres ~, and its ~ are $colour.'
]
/** One like a sentence of the test but for its words: for texts that nobody judges. */
export const unjudgedSizes: readonly string[] = ['It is $length metres ~ and all $colour.']

export const sentenceWords: readonly string[] =
  'spans opened made dates measures railings long wide high stands runs goes new old fine carried finished begun'.split(
    ' '
  )
/** How often a word is one of the ordinary ones. */
const plainness = 0.3

/** An answer's three sentences, the first of them about name and river. */
export function drawSentences(chance: Chance, more: readonly string[] = []): string[] {
  const [first, ...others] = [openings, buildings, [...sizes, ...more]].map((list) =>
    worded(pick(list, chance), chance)
  )
  return [first, ...chance.shuffle(others)]
}

const worded = (pattern: string, chance: Chance): string =>
  pattern.replace(/~/g, (_, at: number) => {
    const word = pick(chance.uniform() < plainness ? sentenceWords : inventedWords, chance)
    return at === 0 ? capital(word) : word
  })

export const capital = (word: string): string => word[0].toUpperCase() + word.slice(1)
