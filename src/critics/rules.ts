import { createHash } from 'node:crypto'
import type { Critic, CriticSpan, Critique } from '../contract/critic'
import { anchorOf } from '../pipeline/annotate/anchor'
import { pointOffsets } from '../pipeline/annotate/code-points'
import type { Range } from '../pipeline/annotate/span'
import { Failure } from '../pipeline/failure'
import { sentences } from '../pipeline/review/sentences'
import { parseRules, type Rule, type Rules } from './rules-file'

/**
 * A critic made of patterns (contracts, "Critics"): what each rule finds becomes a span with its reason. Patterns run
 * in linear time, and an answer that takes longer than the limit all the same fails.
 * @throws Failure bad-rules
 */
export function rulesCritic(json: unknown, file: string): Critic {
  const rules = parseRules(json, file)
  return {
    id: 'rules',
    version: createHash('sha256').update(JSON.stringify(json)).digest('hex').slice(0, 16),
    // The loop of a generator: each answer is judged only when it is asked for.
    async *score(batch, signal) {
      for (const { response } of batch) {
        if (signal.aborted) throw new Failure('cancelled', 'The critic was cancelled.')
        yield judge(response, rules)
      }
    }
  }
}

/** Thrown between two matches when an answer has had its time. */
class TimeUp extends Error {}

/**
 * One answer. Only an answer that takes too long twice fails: a pause of the machine, or code that has just been
 * loaded, must not change what a run learns.
 */
function judge(response: string, { rules, timeLimit }: Rules): Critique {
  for (let attempt = 0; attempt < 2; attempt++) {
    const end = performance.now() + timeLimit
    try {
      return critiqueOf(response, rules, () => {
        if (performance.now() >= end) throw new TimeUp()
      })
    } catch (error) {
      if (!(error instanceof TimeUp)) throw error
    }
  }
  return {
    status: 'failed',
    code: 'critic-failed',
    reason: `The rules took more than ${timeLimit} ms for this answer.`
  }
}

function critiqueOf(response: string, rules: readonly Rule[], checkTime: () => void): Critique {
  const toPoint = pointOffsets(response)
  const split = sentences(response)
  const said: string[] = []
  const spans: CriticSpan[] = []
  for (const rule of rules) {
    const matches = matchesOf(rule, response, toPoint, checkTime)
    const ranges = marked(rule, matches, split, response, toPoint)
    if (ranges.length > 0) said.push(sayingOf(rule, ranges.length))
    for (const range of ranges) {
      const { quote, occurrence } = anchorOf(response, range)
      spans.push({ ...range, quote, occurrence, polarity: rule.polarity, reason: rule.reason })
    }
  }
  checkTime()
  if (spans.length === 0)
    return { status: 'ok', critique: 'No rule has anything to say.', spans, nothingNotable: true }
  return { status: 'ok', critique: said.join(' '), spans }
}

/** Matches that hold something, in code points. */
function matchesOf(
  { pattern }: Rule,
  response: string,
  toPoint: (unit: number) => number,
  checkTime: () => void
): Range[] {
  const matcher = pattern.matcher(response)
  const found: Range[] = []
  while (matcher.find()) {
    checkTime()
    if (matcher.end() > matcher.start())
      found.push({ start: toPoint(matcher.start()), end: toPoint(matcher.end()) })
  }
  checkTime()
  return found
}

/** What a rule marks, given where its pattern stands. */
function marked(
  { scope, negate, atLeast }: Rule,
  matches: readonly Range[],
  split: readonly Range[],
  response: string,
  toPoint: (unit: number) => number
): readonly Range[] {
  if (scope === 'match') return matches.length >= atLeast ? matches : []
  if (scope === 'sentence')
    return split.filter((sentence) => {
      const inside = matches.filter(({ start }) => start >= sentence.start && start < sentence.end)
      return inside.length >= atLeast !== negate
    })
  const whole = { start: 0, end: toPoint(response.length) }
  return matches.length >= atLeast !== negate && whole.end > 0 ? [whole] : []
}

const words = { good: 'Good', poor: 'Poor', neutral: 'Noted' }

function sayingOf({ polarity, reason }: Rule, times: number): string {
  // A reason may be a sentence already.
  const [, text, end] = /^(.*?)([.!?…]?)$/s.exec(reason) ?? []
  return `${words[polarity]}: ${text}${times > 1 ? ` (${times} times)` : ''}${end || '.'}`
}
