import type { Placement } from './span-input'

/**
 * How a span's weight is shared among its `count` tokens (method 9.3, step 5): a factor for each.
 * `every` gives all of it to each token, so that long spans count more; `mean` shares it, so that spans count alike;
 * `first` and `last` give it to one token (the last is Fine-Grained RLHF's choice, arXiv 2306.01693).
 */
export function placementFactors(count: number, placement: Placement): number[] {
  switch (placement) {
    case 'every':
      return new Array<number>(count).fill(1)
    case 'mean':
      return new Array<number>(count).fill(1 / count)
    case 'first':
      return Array.from({ length: count }, (_, i) => (i === 0 ? 1 : 0))
    case 'last':
      return Array.from({ length: count }, (_, i) => (i === count - 1 ? 1 : 0))
  }
}
