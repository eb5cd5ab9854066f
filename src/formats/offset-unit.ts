import { offsetUnits, sliceCodePoints, toCodePoints, type OffsetUnit } from '../pipeline/annotate/code-points'
import type { QuotedOffsets } from './format'

/**
 * Finds out in which unit a file counts offsets: the one in which the most quotes stand where the file says.
 * Where units agree, or nothing is quoted, it is code points.
 */
export class OffsetUnitVote {
  private readonly votes = { 'code-points': 0, 'utf-16': 0, 'utf-8': 0 }

  add({ text, start, end, quote }: QuotedOffsets): void {
    for (const unit of offsetUnits) {
      const from = toCodePoints(text, start, unit)
      const to = toCodePoints(text, end, unit)
      if (from !== null && to !== null && sliceCodePoints(text, from, to) === quote) this.votes[unit]++
    }
  }

  winner(): OffsetUnit {
    return offsetUnits.reduce((best, unit) => (this.votes[unit] > this.votes[best] ? unit : best))
  }
}
