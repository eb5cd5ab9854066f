import type { Card, Fact } from '../starter/world'
import type { Claim } from './writer'

/**
 * A critique that goes through all that an answer says, in its order: what the card has, what the answer has, and whether
 * that is right. Mistakes are numbered and their words said again, so that each step of the reply can be read off what
 * stands before it: the n-th span is about the n-th mistake, and its reason says of how many.
 */
export const labels: Readonly<Record<Fact, string>> = {
  name: 'Name',
  river: 'River',
  year: 'Built',
  material: 'Material',
  length: 'Length',
  colour: 'Colour'
}
export const ordinals = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth'] as const
export const counts = ['none', 'one', 'two', 'three', 'four', 'five', 'six'] as const

export function everyFact(card: Card, claims: readonly Claim[]): string {
  let wrong = 0
  const items = claims.map(({ fact, value }) => {
    const said = `${labels[fact]}: ${card[fact]}, ${value}`
    return value === card[fact] ? `${said} right` : `${said} wrong/${ordinals[wrong++]}: ${value}`
  })
  return `${items.join('/')}/in all ${counts[wrong]}`
}

export const numberedReason = (card: Card, { fact }: Claim, n: number, count: number): string =>
  `${ordinals[n]} of ${counts[count]}/${labels[fact]}: ${card[fact]}`
