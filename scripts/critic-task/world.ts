import type { Chance } from '../../src/pipeline/optimise/chance'
import { isHeldOut, pick, values, type Card, type Fact } from '../starter/world'

/**
 * What the critics' task draws its cards from: the bridges of the starter model, with every value on one side of the
 * split alone, and names of the test in no other. A critic is trained on answers that never mention a value, a name or
 * a sentence of the test; the starter model has read them all, on cards, without a mark.
 */
export const splits = ['train', 'dev', 'test'] as const
export type Split = (typeof splits)[number]

/** Of every four values two are for training, one is for dev and one for the test. */
const sides: readonly Split[] = ['train', 'dev', 'train', 'test']

/** The values of one side. */
export const pools = (split: Split): Readonly<Record<Fact, readonly string[]>> =>
  Object.fromEntries(
    (Object.keys(values) as Fact[]).map((fact) => [
      fact,
      values[fact].filter((value, index) =>
        fact === 'name' ? isHeldOut(value) === (split === 'test') : sides[index % sides.length] === split
      )
    ])
  ) as unknown as Record<Fact, readonly string[]>

export function drawCard(split: Split, chance: Chance): Card {
  const of = pools(split)
  return {
    name: pick(of.name, chance),
    river: pick(of.river, chance),
    year: pick(of.year, chance),
    material: pick(of.material, chance),
    length: pick(of.length, chance),
    colour: pick(of.colour, chance)
  }
}
