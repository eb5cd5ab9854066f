import { buildings, openings, sizes } from '../starter/writer'
import { values } from '../starter/world'

/**
 * Words and numbers that no list of this repository has. A card made of them cannot be known by heart: whoever has to
 * say what stands on it must look.
 */
const starts = 'b d f g h k l m n p r s t v w z br dr gr pl st tr'.split(' ')
const vowels = 'a e i o u'.split(' ')
const ends = 'ck ll nd rn ss th x'.split(' ')

const known = new Set(
  [...Object.values(values).flat(), ...openings, ...buildings, ...sizes]
    .flatMap((text) => text.toLowerCase().split(/[^a-z]+/))
    .filter((word) => word !== '')
)

const syllables = starts.flatMap((start) => vowels.map((vowel) => start + vowel))

/** Two syllables each. Which of the many are taken is a rule and no chance, so that a tokenizer may know them. */
const all = syllables.flatMap((first, row) =>
  ends.map((end, column) => first + syllables[(row * 31 + column * 47 + 7) % syllables.length] + end)
)

/** 420 words in small letters. */
export const inventedWords: readonly string[] = [...new Set(all)]
  .filter((word) => !known.has(word))
  .slice(0, 420)

/** 150 numbers of three or four digits that are neither years nor lengths of a real card. */
export const inventedNumbers: readonly string[] = Array.from({ length: 400 }, (_, n) =>
  String(101 + ((n * 7919) % 2900))
)
  .filter((number) => !values.year.includes(number) && !values.length.includes(number))
  .slice(0, 150)
