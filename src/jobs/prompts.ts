import { chance } from '../pipeline/optimise/chance'

/**
 * What a step takes from a list: everything once, in random order, then everything again in another order. A pure
 * function of the step's number (from 1), so that a resumed run needs no cursor.
 */
export function itemsOfStep<T>(items: readonly T[], seed: number, step: number, count: number): T[] {
  const orders = new Map<number, T[]>()
  const orderOf = (round: number): T[] => {
    const known = orders.get(round)
    if (known) return known
    const order = chance(seed, 'order', round).shuffle(items)
    orders.set(round, order)
    return order
  }
  return Array.from({ length: count }, (_, index) => {
    const place = (step - 1) * count + index
    return orderOf(Math.floor(place / items.length))[place % items.length]
  })
}
