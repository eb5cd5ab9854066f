import type { Chance } from '../../src/pipeline/optimise/chance'

/**
 * The world of the starter model: bridges on record cards. A prompt is a card with six facts; an answer describes
 * the bridge.
 */

/** What a card says of one bridge. */
export interface Card {
  readonly name: string
  readonly river: string
  readonly year: string
  readonly material: string
  /** In metres. */
  readonly length: string
  readonly colour: string
}

export type Fact = keyof Card

const firstNames = words(
  'Old High Long Low Far East West North South Upper Lower Little Great Broad Deep Fair Quiet Cold Warm Bright'
)
const lastNames = words(
  'Mill Heron Willow Market Abbey Castle Meadow Ferry Chapel Orchard Harbour Garden Falcon Otter Maple Cedar Station Tower Valley Forest'
)
const every = (from: number, to: number, step: number) =>
  Array.from({ length: (to - from) / step + 1 }, (_, index) => String(from + index * step))

/** Every value that a fact can have. The product is over 400 million cards. */
export const values: Readonly<Record<Fact, readonly string[]>> = {
  name: firstNames.flatMap((first) => lastNames.map((last) => `${first} ${last}`)),
  river: words(
    'Alder Brant Corve Derrin Esk Farrow Gade Hull Irwell Jarrow Kennet Lune Marn Neath Orwell Penk Quern Rother Severn Tamar'
  ),
  year: every(1851, 1999, 4),
  material: words('stone brick steel iron timber concrete granite marble'),
  length: every(60, 440, 20),
  colour: words('green red blue white black yellow grey brown')
}

/** One bridge name in five is kept for evaluation: no card of such a bridge trains the starter model or is annotated. */
export function isHeldOut(name: string): boolean {
  const [first, last] = name.split(' ')
  return (firstNames.indexOf(first) * 3 + lastNames.indexOf(last)) % 5 === 0
}

const heldOutNames = values.name.filter(isHeldOut)
const trainedNames = values.name.filter((name) => !isHeldOut(name))

export const pick = <T>(items: readonly T[], chance: Chance): T => items[chance.integer(items.length)]

/** A card drawn evenly from the names of one side of the split and from all values of the other facts. */
export function drawCard(chance: Chance, heldOut: boolean): Card {
  return {
    name: pick(heldOut ? heldOutNames : trainedNames, chance),
    river: pick(values.river, chance),
    year: pick(values.year, chance),
    material: pick(values.material, chance),
    length: pick(values.length, chance),
    colour: pick(values.colour, chance)
  }
}

/** The prompt. The tokenizer's chat template puts an empty line between it and the answer. */
export function promptOf(card: Card): string {
  return [
    'Describe this bridge.',
    `Name: ${card.name} bridge`,
    `River: ${card.river}`,
    `Built: ${card.year}`,
    `Material: ${card.material}`,
    `Length: ${card.length} metres`,
    `Colour: ${card.colour}`
  ].join('\n')
}

function words(text: string): readonly string[] {
  return text.split(' ')
}
