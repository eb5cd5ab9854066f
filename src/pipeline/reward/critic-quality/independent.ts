import type { GoldAnswer } from './answer'

/** What an evaluation leaves out, because the critic had a part in it. */
export interface LeftOut {
  /** Annotations that began as the critic's own prediction, or took marks from it. */
  readonly annotations: number
  /** Answers of which nothing else is left. */
  readonly answers: number
}

/**
 * The answers with what people marked by themselves: who corrected a version's prediction has seen its marks first, and
 * would agree with it more than somebody who has not.
 */
export function independentOf<A extends GoldAnswer>(
  answers: readonly A[],
  version: string
): { readonly answers: A[]; readonly leftOut: LeftOut } {
  const count = (list: readonly A[]): number => list.reduce((sum, { people }) => sum + people.length, 0)
  const own = answers.map((answer) => ({
    ...answer,
    people: answer.people.filter(({ corrects = [] }) => !corrects.includes(version))
  }))
  const left = own.filter(({ people }) => people.length > 0)
  return {
    answers: left,
    leftOut: { annotations: count(answers) - count(left), answers: answers.length - left.length }
  }
}
