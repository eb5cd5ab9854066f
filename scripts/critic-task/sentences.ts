import type { Chance } from '../../src/pipeline/optimise/chance'
import { pick, type Fact } from '../starter/world'
import { inventedWords } from './invented'

/**
 * Sentences for a training without end. What a value is of can be told by a small word next to it (`of` a material, `in`
 * a year, so many `metres`; a colour has none and ends what is said of it). All else varies. `~` is any word, mostly a
 * made-up one.
 */
const openings = [
  'The $name bridge ~ the river $river.',
  'The $name bridge ~ over the river $river.',
  'The $name bridge is on the river $river.',
  'The river $river ~ under the $name bridge.',
  'Over the river $river ~ the $name bridge.'
]
const starts = ['It is', 'It was', 'It ~', 'Its ~ are', 'The ~ is', 'This ~', '~']
const joints = [' and', ', and', ',', ' and it ~', ', with ~', ', its ~', '']
const phrases: Readonly<Record<Told, readonly string[]>> = {
  year: ['in $year', '~ in $year', 'since $year', 'from $year', '~ from $year'],
  material: ['of $material', '~ of $material', 'out of $material', '~ out of $material'],
  length: ['$length metres', '~ $length metres', '$length metres ~', '~ $length metres ~'],
  colour: ['$colour', '~ $colour', 'all $colour', '~ and $colour']
}
type Told = Exclude<Fact, 'name' | 'river'>

/** Frames of the test, left out whatever stands in them. Its words crosses, built and painted are in no list. */
const kept = [/^It was \S+ of \$material in \$year\.$/, /^It is \$length metres \S+ and \S+ \$colour\.$/]

export const sentenceWords: readonly string[] =
  'spans opened made dates measures railings long wide high stands runs goes new old fine carried finished begun'.split(
    ' '
  )
/** How often a word is one of the ordinary ones. */
const plainness = 0.3

/** An answer's three sentences, the first of them about name and river, the others about two facts each. */
export function drawSentences(chance: Chance): string[] {
  const told = chance.shuffle(Object.keys(phrases) as Told[])
  return [
    pick(openings, chance),
    drawSentence(told.slice(0, 2), chance),
    drawSentence(told.slice(2), chance)
  ].map((pattern) => worded(pattern, chance))
}

function drawSentence([first, second]: readonly Told[], chance: Chance): string {
  for (;;) {
    const [start, joint] = [
      pick(starts, chance),
      pick(first === 'colour' ? joints.filter(Boolean) : joints, chance)
    ]
    const pattern = `${start} ${pick(phrases[first], chance)}${joint} ${pick(phrases[second], chance)}.`
    if (!kept.some((one) => one.test(pattern))) return pattern
  }
}

const worded = (pattern: string, chance: Chance): string =>
  pattern.replace(/~/g, (_, at: number) => {
    const word = pick(chance.uniform() < plainness ? sentenceWords : inventedWords, chance)
    return at === 0 ? capital(word) : word
  })

export const capital = (word: string): string => word[0].toUpperCase() + word.slice(1)

/** Every word of a pattern that stands for itself. */
export const smallWords: readonly string[] = [
  ...openings,
  ...starts,
  ...joints,
  ...Object.values(phrases).flat()
]
