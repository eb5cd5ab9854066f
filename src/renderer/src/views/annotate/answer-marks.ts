import type { Polarity, Range } from '../../../../pipeline/annotate/span'
import type { AnnotationView } from '../../../../contract/ipc'
import { isPrediction } from '../../../../pipeline/annotate/prediction'
import type { Standing } from './standing'
import type { Block, TextIndex } from './text-index'

/** A mark on an answer. Offsets are UTF-16 units here; `toSpan` gives the code points that leave the window. */
export interface Mark extends Range {
  readonly id: string
  readonly polarity: Polarity
  readonly reason: string
  readonly category: string | null
  /** Whose it is; empty for the person at work. */
  readonly person: string
  readonly kind: AnnotationView['kind']
  readonly annotationId: string
  /** In the annotation of the person at work, or in what becomes theirs with the first change. */
  readonly own: boolean
  /** A critic's, which the person has not decided on: whatever they do to it makes it theirs. */
  readonly predicted: boolean
}

/** A stretch of one block that the same marks cover, the outermost mark first. */
export interface Run extends Range {
  readonly marks: readonly Mark[]
}

/**
 * The marks of one answer. Never changed in place: every change gives a new one, so that a view compares by identity.
 * Sorted by start, the longer first, which is also the order in which they nest and in which Tab visits them.
 */
export class AnswerMarks {
  readonly list: readonly Mark[]
  /** Line under the words on which each mark is drawn, from 0; marks that overlap never share one. */
  readonly lanes: ReadonlyMap<string, number>

  constructor(
    readonly index: TextIndex,
    marks: readonly Mark[]
  ) {
    this.list = [...marks].sort((a, b) => a.start - b.start || b.end - a.end || a.id.localeCompare(b.id))
    this.lanes = layLanes(this.list)
  }

  static from(index: TextIndex, { own, others }: Standing): AnswerMarks {
    const annotations = own ? [own, ...others] : others
    const marks = annotations.flatMap(({ annotationId, person, kind, status, mine, spans }) =>
      spans.map(({ spanId, start, end, polarity, reason, category }) => ({
        id: spanId,
        start: index.toUtf16(start),
        end: index.toUtf16(end),
        polarity,
        reason: reason ?? '',
        category: category ?? null,
        person: mine ? '' : person,
        kind,
        annotationId,
        own: annotationId === own?.annotationId,
        predicted: isPrediction({ kind, status })
      }))
    )
    return new AnswerMarks(index, marks)
  }

  get(id: string | null): Mark | undefined {
    return this.list.find((mark) => mark.id === id)
  }

  add(mark: Mark): AnswerMarks {
    return new AnswerMarks(this.index, [...this.list, { ...mark, ...this.widen(mark) }])
  }

  change(id: string, change: Partial<Omit<Mark, 'id'>>): AnswerMarks {
    return new AnswerMarks(
      this.index,
      this.list.map((mark) => (mark.id === id ? { ...mark, ...change } : mark))
    )
  }

  /** Gives the mark another range, widened to whole graphemes. An empty range leaves it as it is. */
  move(id: string, range: Range): AnswerMarks {
    const wide = this.widen(range)
    return wide.start < wide.end ? this.change(id, wide) : this
  }

  /** Every mark that the person may change becomes theirs. */
  adopt(): AnswerMarks {
    return new AnswerMarks(
      this.index,
      this.list.map((mark) => (mark.own ? { ...mark, person: '', kind: 'person' } : mark))
    )
  }

  /** A critic's mark becomes the person's. */
  accept(id: string): AnswerMarks {
    return this.get(id)?.predicted
      ? this.change(id, { own: true, predicted: false, person: '', kind: 'person' })
      : this
  }

  /** How many there are of people and of the data. */
  get read(): number {
    return this.list.filter(({ predicted }) => !predicted).length
  }

  remove(id: string): AnswerMarks {
    return new AnswerMarks(
      this.index,
      this.list.filter((mark) => mark.id !== id)
    )
  }

  /** Marks that an offset touches, their ends included, the shortest first. */
  at(offset: number): readonly Mark[] {
    return this.list
      .filter(({ start, end }) => start <= offset && offset <= end)
      .sort((a, b) => a.end - a.start - (b.end - b.start))
  }

  /** The mark after (1) or before (-1) one; without one, the first mark after or the last before the offset. */
  neighbour(id: string | null, offset: number, direction: -1 | 1): Mark | undefined {
    const place = this.list.findIndex((mark) => mark.id === id)
    if (place >= 0) return this.list[(place + direction + this.list.length) % this.list.length]
    return direction > 0
      ? (this.list.find(({ start }) => start >= offset) ?? this.list[0])
      : (this.list.filter(({ start }) => start < offset).at(-1) ?? this.list.at(-1))
  }

  /** A range grown to whole graphemes. */
  widen({ start, end }: Range): Range {
    return { start: this.index.snap(start, 'before'), end: this.index.snap(end, 'after') }
  }

  toSpan({ start, end }: Range): Range {
    return { start: this.index.toCodePoint(start), end: this.index.toCodePoint(end) }
  }

  /** What has to be drawn in each block, in order; runs without marks included. */
  runs(): readonly (readonly Run[])[] {
    const byBlock: Mark[][] = this.index.blocks.map(() => [])
    for (const mark of this.list) {
      const last = this.index.blockAt(Math.max(mark.start, mark.end - 1))
      for (let number = this.index.blockAt(mark.start); number <= last; number++) byBlock[number].push(mark)
    }
    return this.index.blocks.map((block, number) => cutRuns(block, byBlock[number]))
  }
}

function cutRuns(block: Block, marks: readonly Mark[]): Run[] {
  if (marks.length === 0) return [{ start: block.start, end: block.end, marks }]
  const inside = (offset: number) => Math.min(Math.max(offset, block.start), block.end)
  const cuts = new Set([block.start, block.end])
  for (const { start, end } of marks) cuts.add(inside(start)).add(inside(end))
  const borders = [...cuts].sort((a, b) => a - b)
  return borders.slice(1).map((end, place) => {
    const start = borders[place]
    return { start, end, marks: marks.filter((mark) => mark.start <= start && mark.end >= end) }
  })
}

/** Each mark takes the lowest lane that no mark before it still holds. */
function layLanes(sorted: readonly Mark[]): Map<string, number> {
  const lanes = new Map<string, number>()
  const heldUntil: number[] = []
  for (const { id, start, end } of sorted) {
    let lane = heldUntil.findIndex((until) => until <= start)
    if (lane < 0) lane = heldUntil.length
    heldUntil[lane] = end
    lanes.set(id, lane)
  }
  return lanes
}
