import { InvalidArgumentError } from 'commander'
import type { SplitCounts } from '../pipeline/optimise/split'

/** Parsers of option values: a value that does not fit is wrong usage (exit 2), with a sentence saying what fits. */

export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!/^[+-]?\d+$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(`It must be a whole number of at least ${least}.`)
    return value
  }
}

export function realNumber(least: number, most = Number.POSITIVE_INFINITY): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (text.trim() === '' || !Number.isFinite(value) || value < least || value > most)
      throw new InvalidArgumentError(`It must be a number of at least ${least}.`)
    return value
  }
}

export function share(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0 && value <= 1))
    throw new InvalidArgumentError('It must be a number from 0 to 1.')
  return value
}

/** `1,2,3` → [1, 2, 3] */
export function idList(text: string): number[] {
  const parts = text.split(',').map((part) => part.trim())
  if (!parts.every((part) => /^\d+$/.test(part)))
    throw new InvalidArgumentError('It must be a list of whole numbers such as 1,2,3.')
  return parts.map(Number)
}

/** `216/24/60` → how many for train, dev and test */
export function splitCounts(text: string): SplitCounts {
  const [, train, dev, test] = (/^(\d{1,9})\/(\d{1,9})\/(\d{1,9})$/.exec(text) ?? []).map(Number)
  if (train === undefined || train + dev + test === 0)
    throw new InvalidArgumentError('It must be three whole numbers, train/dev/test, such as 80/10/10.')
  return { train, dev, test }
}
