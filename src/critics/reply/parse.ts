import type { z } from 'zod'
import type { CriticSpan, Critique } from '../../contract/critic'
import { placesOf } from '../../pipeline/annotate/anchor'
import type { Range } from '../../pipeline/annotate/span'
import { replySchema, type ReplySpan } from './format'

/**
 * A reply as a critique, its spans found in the response (code points). It is right or it has failed: nothing is
 * repaired, and no span is kept of a reply that has one wrong. The reason of a failure is one sentence that says what
 * is wrong, so that it can be shown to a person or sent back to the model.
 */
export function parseReply(text: string, response: string): Critique {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return failed('bad-json', `The reply is not valid JSON (${shortened(error.message, 200)}).`)
  }
  const parsed = replySchema.safeParse(json)
  if (!parsed.success) return failed('bad-record', schemaSentence(parsed.error.issues[0]))
  const { critique, spans } = parsed.data
  if (spans.length === 0 && critique.trim() === '')
    return failed('bad-record', 'The reply has no span and an empty critique, so it says nothing.')

  const found = new Map<string, readonly Range[]>()
  const placed: CriticSpan[] = []
  for (const [index, span] of spans.entries()) {
    const places = found.get(span.quote) ?? placesOf(response, span.quote)
    found.set(span.quote, places)
    if (span.occurrence > places.length) return failed('quote-mismatch', mismatch(span, index, places.length))
    placed.push({ ...span, ...places[span.occurrence - 1] })
  }
  return {
    ...{ status: 'ok', critique, spans: placed },
    ...(placed.length === 0 && { nothingNotable: true })
  }
}

const failed = (code: string, reason: string): Critique => ({ status: 'failed', code, reason })

function mismatch({ quote, occurrence }: ReplySpan, index: number, count: number): string {
  const what = `The quote of span ${index + 1}, ${JSON.stringify(shortened(quote, 60))},`
  return count === 0
    ? `${what} is not in the response.`
    : `${what} occurs ${count === 1 ? 'once' : `${count} times`} in the response, not ${occurrence} times.`
}

function schemaSentence(issue: z.core.$ZodIssue): string {
  const path = issue.path.map((step) => (typeof step === 'number' ? step + 1 : String(step))).join(', ')
  const what = issue.code === 'unrecognized_keys' ? `unknown key "${issue.keys[0]}"` : issue.message
  return `The reply is not in the format asked for: ${path === '' ? '' : `${path}: `}${shortened(what, 200)}.`
}

const shortened = (words: string, length: number): string => {
  const points = [...words]
  return points.length <= length ? words : `${points.slice(0, length).join('')}…`
}
