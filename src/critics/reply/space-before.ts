import type { CriticSpan } from '../../contract/critic'
import { anchorOf } from '../../pipeline/annotate/anchor'
import { sliceCodePoints } from '../../pipeline/annotate/code-points'
import type { Range } from '../../pipeline/annotate/span'

/**
 * Most vocabularies know a word together with the space before it, and spell it otherwise where it has none, as after
 * the quotation mark of a reply. A quote that takes its space along is made of the response's own tokens, which can be
 * copied, even those of a word that training never had. The space is no part of what is marked.
 */

/** A range of the response (code points), and the space before it if there is one. */
export const withSpace = ({ start, end }: Range, response: string): Range =>
  start > 0 && sliceCodePoints(response, start - 1, start) === ' '
    ? { start: start - 1, end }
    : { start, end }

/** A span in its place, without a space that it begins with; one that is nothing but a space stays as it is. */
export function withoutSpace(span: CriticSpan, response: string): CriticSpan {
  const { start, end, quote } = span
  if (start === undefined || end === undefined || end - start < 2 || !quote.startsWith(' ')) return span
  const range = { start: start + 1, end }
  const anchor = anchorOf(response, range)
  return { ...span, ...range, quote: anchor.quote, occurrence: anchor.occurrence }
}
