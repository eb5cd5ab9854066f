import type { JudgedAnswerView } from '../../../../contract/critic-views'
import { percent } from '../../state/format'

/** `next`: what nobody has read, the most instructive first and no two alike; `unlike`: what people have read, the worst match first. */
export type Order = 'next' | 'unlike'

export function inOrder(answers: readonly JudgedAnswerView[], order: Order): JudgedAnswerView[] {
  return order === 'next'
    ? answers.filter(({ turn }) => turn !== null).sort((a, b) => (a.turn ?? 0) - (b.turn ?? 0))
    : answers
        .filter(({ disagreement }) => disagreement !== null)
        .sort((a, b) => (b.disagreement ?? 0) - (a.disagreement ?? 0))
}

/** Why an answer stands where it does: the strongest reason, in words. */
export function reasonOf(answer: JudgedAnswerView, order: Order): string {
  if (order === 'unlike')
    return `differs from people on ${percent(answer.disagreement ?? 0)} of the marked words`
  const reasons = [
    { size: answer.uncertainty, words: `the critic is unsure of its marks (${percent(answer.uncertainty)})` },
    { size: answer.critics, words: `critics differ on ${percent(answer.critics)} of the marked words` },
    { size: answer.novelty, words: `${percent(answer.novelty)} of its words are in no answer that was read` }
  ]
  return reasons.reduce((best, reason) => (reason.size > best.size ? reason : best)).words
}
