import { z } from 'zod'
import { hasLoneSurrogate } from '../../pipeline/annotate/code-points'

/**
 * What a critic that writes has to answer, whichever model it is (method 9.2): first the critique, then where it
 * points. A span is words of the answer, which occurrence of them is meant (from 1, overlapping ones included), a
 * polarity and a short reason. `"spans": []` says that nothing is notable, and then the critique must say something.
 */
const text = z.string().refine((value) => !hasLoneSurrogate(value), 'half of a surrogate pair')

const replySpan = z.strictObject({
  quote: text.min(1),
  occurrence: z.int().min(1),
  polarity: z.enum(['good', 'poor', 'neutral']),
  reason: text
})

export const replySchema = z.strictObject({ critique: text, spans: z.array(replySpan) })

export type Reply = z.infer<typeof replySchema>
export type ReplySpan = z.infer<typeof replySpan>

/** Enters the version of every critic that writes replies: raised when the format or the instructions change. */
export const replyFormatVersion = 1

/** What a reply is made from; a missing occurrence is 1, a missing reason is empty. */
export interface ReplyParts {
  readonly critique: string
  readonly spans: readonly (Pick<ReplySpan, 'quote' | 'polarity'> & Partial<ReplySpan>)[]
}

/**
 * The one spelling of a reply, which is what a model is trained to write and the only one that decoding lets through:
 * JSON with these keys in this order and no white space outside strings, strings escaped as JSON.stringify does.
 * A blank critique becomes a count of the spans, because a reply must say something.
 */
export function serialiseReply({ critique, spans }: ReplyParts): string {
  const reply: Reply = {
    critique: critique.trim() === '' ? countOf(spans) : critique,
    spans: spans.map(({ quote, occurrence = 1, polarity, reason = '' }) => ({
      ...{ quote, occurrence, polarity, reason }
    }))
  }
  return JSON.stringify(reply)
}

/** "1 good, 2 poor." or "Nothing to mark." */
function countOf(spans: ReplyParts['spans']): string {
  const counts = (['good', 'poor', 'neutral'] as const).map((polarity) => ({
    polarity,
    count: spans.filter((span) => span.polarity === polarity).length
  }))
  const said = counts.filter(({ count }) => count > 0).map(({ polarity, count }) => `${count} ${polarity}`)
  return said.length === 0 ? 'Nothing to mark.' : `${said.join(', ')}.`
}
