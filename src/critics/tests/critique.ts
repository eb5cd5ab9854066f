import type { CriticSpan, Critique } from '../../contract/critic'
import { anchorOf } from '../../pipeline/annotate/anchor'
import { codePointLength, sliceCodePoints } from '../../pipeline/annotate/code-points'
import type { Range } from '../../pipeline/annotate/span'
import type { Outcome, Suspect } from './outcome'

/** Statements of the same suspicion that are marked at most. */
const mostMarked = 3

/** What an outcome says of the response: which spans of it are good or poor, and why. */
export function critiqueOf(prompt: string, response: string, outcome: Outcome, seconds: number): Critique {
  const { verdict } = outcome
  const cost = { seconds }
  if (verdict === 'error')
    return { status: 'failed', code: 'critic-failed', reason: outcome.reason ?? 'It failed.', verdict, cost }
  const spans = verdict === 'pass' ? passing(response) : failing(response, outcome)
  const critique = sayingOf(prompt, response, outcome)
  const nothing = spans.length === 0 ? { nothingNotable: true as const } : {}
  return { status: 'ok', critique, spans, ...nothing, verdict, cost }
}

function passing(response: string): CriticSpan[] {
  return whole(response, 'good', 'passes its tests', 1)
}

function failing(response: string, { failure, explanation, reason, verdict }: Outcome): CriticSpan[] {
  if (failure?.syntax) {
    const [start, end] = failure.syntax
    return [span(response, { start, end }, `${failure.error}: ${failure.message}`, 1)]
  }
  const marked = mostSuspicious(explanation?.ranked ?? [])
  if (marked.length === 0) return whole(response, 'poor', reason ?? `its tests end as ${verdict}`)
  return marked.map((one) => span(response, one, reasonOf(one, explanation), one.confidence))
}

/**
 * The statements that nothing is more suspicious than, at most three; if the tests cannot tell more of them apart, each
 * is that much less likely to be the one.
 */
function mostSuspicious(ranked: readonly Suspect[]): (Suspect & { confidence: number })[] {
  const [first] = ranked
  if (!first) return []
  const tied = ranked.filter(({ crash, score }) => crash === first.crash && score === first.score)
  return tied.slice(0, mostMarked).map((one) => ({ ...one, confidence: 1 / tied.length }))
}

function reasonOf(
  { crash, failing: failed, passing: passed }: Suspect,
  explanation: Outcome['explanation']
): string {
  if (!explanation) return ''
  const { failures, tests, failed: cases } = explanation
  const error = cases.find(({ line }) => line !== null)?.error
  if (crash && error) return `${errorName(error)} here`
  return `runs in ${failed} of ${failures} failing and ${passed} of ${tests - failures} passing tests`
}

/** What a person calls the exception by which the sandbox interrupts a program. */
const errorName = (error: string): string => (error === 'KeyboardInterrupt' ? 'does not end' : error)

/** Whole response, unless it is empty. */
function whole(
  response: string,
  polarity: 'good' | 'poor',
  reason: string,
  confidence?: number
): CriticSpan[] {
  const end = codePointLength(response)
  return end === 0 ? [] : [span(response, { start: 0, end }, reason, confidence, polarity)]
}

function span(
  response: string,
  { start, end }: Range,
  reason: string,
  confidence?: number,
  polarity: 'good' | 'poor' = 'poor'
): CriticSpan {
  const { quote, occurrence } = anchorOf(response, { start, end })
  const sure = confidence === undefined ? {} : { confidence }
  return { start, end, quote, occurrence, polarity, reason, ...sure }
}

function sayingOf(
  prompt: string,
  response: string,
  { verdict, reason, failure, explanation }: Outcome
): string {
  if (verdict === 'pass') return 'Passes its tests.'
  if (verdict === 'killed') return `Was ended by the sandbox. ${reason ?? ''}`.trim()
  const said: string[] = []
  if (verdict === 'timeout') said.push('Takes longer than its tests may.')
  if (failure?.stage === 'program')
    said.push(`Is no valid Python${placeOfSyntax(failure.syntax, response)}: ${failure.message}.`)
  if (failure?.stage === 'tests') said.push(`Its tests cannot be read: ${failure.message}.`)
  if (reason) said.push(reason)
  const [first] = explanation?.failed ?? []
  if (explanation && first) {
    const { failures, tests } = explanation
    if (first.text !== '') said.push(`\`${first.text}\` fails: ${whatOf(first, prompt)}.`)
    else said.push(`Fails before its tests: ${whatOf(first, prompt)}.`)
    if (first.text !== '' && tests > 1) said.push(`${failures} of ${tests} tests fail.`)
  } else if (failure?.stage === 'check') {
    said.push(`Its tests fail: ${whatOf({ ...failure, got: null }, prompt)}.`)
  }
  return said.join(' ') || 'Fails its tests.'
}

interface Failed {
  readonly error: string | null
  readonly message: string | null
  readonly got: string | null
  readonly line: number | null
}

function whatOf({ error, message, got, line }: Failed, prompt: string): string {
  if (got !== null) return `it is ${got}`
  const place = line === null ? '' : ` at ${placeOf(line, prompt)}`
  const words = message && error !== 'KeyboardInterrupt' ? ` (${message})` : ''
  return `${errorName(error ?? 'an error')}${place}${words}`
}

function placeOfSyntax(range: readonly [number, number] | null, response: string): string {
  if (range === null) return ''
  const before = sliceCodePoints(response, 0, range[0]).split(/\r\n|\r|\n/).length
  return ` at line ${before}`
}

/** Lines are counted from the response's own first one. */
function placeOf(line: number, prompt: string): string {
  const before = prompt.split(/\r\n|\r|\n/).length - 1
  return line > before ? `line ${line - before}` : `line ${line} of the prompt`
}
