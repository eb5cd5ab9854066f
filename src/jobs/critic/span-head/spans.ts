import type { Critique, CriticSpan } from '../../../contract/critic'
import { tokenClasses, type TokenClass } from '../../../engine/rl/span-head'
import { anchorOf } from '../../../pipeline/annotate/anchor'
import type { Offset } from '../../../tokens/tokenizer'

/** Least probability of a mark, by class. A class without one is never marked. */
type Thresholds = Readonly<Partial<Record<string, number>>>

const marked: readonly Exclude<TokenClass, 'neutral'>[] = ['poor', 'good']

/**
 * Token probabilities as a critique: a span is the longest run of tokens whose probability for one class reaches its
 * threshold, without the white space around it; where both do, the likelier class has the token. A span's confidence is
 * the mean probability of its tokens. `probabilities` are [tokens][3], in the order of `tokenClasses`; offsets are code
 * points of `response`.
 */
export function critiqueOf(
  response: string,
  offsets: readonly Offset[],
  probabilities: readonly ArrayLike<number>[],
  thresholds: Thresholds
): Extract<Critique, { status: 'ok' }> {
  const points = [...response]
  const classes = probabilities.map((of) => classOf(of, thresholds))
  const spans: CriticSpan[] = []
  for (let first = 0; first < classes.length;) {
    const polarity = classes[first]
    let last = first
    while (last + 1 < classes.length && classes[last + 1] === polarity) last++
    const range = polarity && trimmed(points, offsets[first][0], offsets[last][1])
    if (range) {
      const said = probabilities.slice(first, last + 1).map((of) => of[tokenClasses.indexOf(polarity)])
      const confidence = said.reduce((sum, one) => sum + one, 0) / said.length
      const { quote, occurrence } = anchorOf(response, range)
      spans.push({ quote, occurrence, ...range, polarity, confidence })
    }
    first = last + 1
  }
  const poor = tokenClasses.indexOf('poor')
  return {
    status: 'ok',
    critique: sentenceOf(spans),
    spans,
    ...(spans.length === 0 && { nothingNotable: true as const }),
    poorProbabilities: offsets.map(([start, end], token) => [start, end, probabilities[token][poor]] as const)
  }
}

function classOf(probabilities: ArrayLike<number>, thresholds: Thresholds): (typeof marked)[number] | null {
  const reached = marked
    .map((name) => ({ name, said: probabilities[tokenClasses.indexOf(name)] }))
    .filter(({ name, said }) => said >= (thresholds[name] ?? Infinity))
    .sort((a, b) => b.said - a.said)
  return reached[0]?.name ?? null
}

function trimmed(
  points: readonly string[],
  start: number,
  end: number
): { start: number; end: number } | null {
  while (start < end && /\s/u.test(points[start])) start++
  while (end > start && /\s/u.test(points[end - 1])) end--
  return start < end ? { start, end } : null
}

function sentenceOf(spans: readonly CriticSpan[]): string {
  const counts = marked
    .map((name) => ({ name, count: spans.filter(({ polarity }) => polarity === name).length }))
    .filter(({ count }) => count > 0)
    .map(({ name, count }) => `${count} ${name}`)
  if (counts.length === 0) return 'No passage is marked; this critic gives no reasons.'
  return `${counts.join(' and ')} ${spans.length === 1 ? 'passage' : 'passages'} marked; this critic gives no reasons.`
}
