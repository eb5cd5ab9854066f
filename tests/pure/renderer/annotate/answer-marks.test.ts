import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AnswerMarks, type Mark } from '../../../../src/renderer/src/views/annotate/answer-marks'
import { TextIndex } from '../../../../src/renderer/src/views/annotate/text-index'

const text = 'The bridge was finished in 1937 🇫🇮.\nIt is the longest in the world.'
const index = new TextIndex(text)

function mark(id: string, start: number, end: number, more: Partial<Mark> = {}): Mark {
  return {
    id,
    start,
    end,
    polarity: 'poor',
    reason: '',
    category: null,
    person: '',
    kind: 'person',
    annotationId: 'mine',
    own: true,
    predicted: false,
    ...more
  }
}
const empty = new AnswerMarks(index, [])

describe('marks', () => {
  it('come from annotations in code points and leave in code points', () => {
    const marks = AnswerMarks.from(index, {
      own: {
        annotationId: 'a',
        person: 'Ada',
        kind: 'person',
        mine: true,
        status: 'draft',
        critique: '',
        spans: [{ spanId: 's', start: 34, end: 36, polarity: 'good', quote: '.\n' }]
      },
      others: []
    })
    const [one] = marks.list
    expect([one.start, one.end]).toEqual([36, 38])
    expect(text.slice(one.start, one.end)).toBe('.\n')
    expect(marks.toSpan(one)).toEqual({ start: 34, end: 36 })
  })

  it('of a critic are marks that become the person’s when accepted', () => {
    const predicted = mark('p', 4, 10, {
      own: false,
      predicted: true,
      person: 'rules critic 1',
      kind: 'model'
    })
    const marks = empty.add(mark('a', 0, 3)).add(predicted)
    expect(marks.read).toBe(1)
    const accepted = marks.accept('p')
    expect(accepted.read).toBe(2)
    expect(accepted.get('p')).toMatchObject({ own: true, predicted: false, person: '', kind: 'person' })
    expect(accepted.accept('a')).toBe(accepted)
  })

  it('grow to whole graphemes', () => {
    const marks = empty.add(mark('a', 33, 35))
    expect(text.slice(marks.list[0].start, marks.list[0].end)).toBe('🇫🇮')
  })

  it('are never changed in place', () => {
    const one = empty.add(mark('a', 0, 3))
    const two = one.change('a', { reason: 'so' }).move('a', { start: 0, end: 10 })
    expect(one.get('a')).toMatchObject({ end: 3, reason: '' })
    expect(two.get('a')).toMatchObject({ end: 10, reason: 'so' })
    expect(two.remove('a').list).toEqual([])
  })

  it('do not become empty by moving', () => {
    const one = empty.add(mark('a', 0, 3))
    expect(one.move('a', { start: 3, end: 3 })).toBe(one)
  })

  it('are found at an offset, the shortest first, ends included', () => {
    const marks = empty.add(mark('long', 0, 20)).add(mark('short', 4, 10))
    expect(marks.at(10).map(({ id }) => id)).toEqual(['short', 'long'])
    expect(marks.at(20).map(({ id }) => id)).toEqual(['long'])
    expect(marks.at(21)).toEqual([])
  })

  it('are visited in order, round and round', () => {
    const marks = empty
      .add(mark('b', 10, 12))
      .add(mark('a', 0, 3))
      .add(mark('c', 20, 22))
    expect(marks.neighbour(null, 5, 1)?.id).toBe('b')
    expect(marks.neighbour(null, 5, -1)?.id).toBe('a')
    expect(marks.neighbour('c', 0, 1)?.id).toBe('a')
    expect(marks.neighbour('a', 0, -1)?.id).toBe('c')
    expect(empty.neighbour(null, 0, 1)).toBeUndefined()
  })
})

const anyMarks = fc
  .array(fc.tuple(fc.nat(text.length - 1), fc.integer({ min: 1, max: 30 })), { maxLength: 12 })
  .map((pairs) =>
    pairs.reduce(
      (marks, [start, length], place) =>
        marks.add(mark(String(place), start, Math.min(start + length, text.length))),
      empty
    )
  )

describe('drawing', () => {
  it('gives overlapping marks different lanes', () => {
    fc.assert(
      fc.property(anyMarks, (marks) => {
        for (const a of marks.list)
          for (const b of marks.list)
            if (a.id !== b.id && a.start < b.end && b.start < a.end)
              expect(marks.lanes.get(a.id)).not.toBe(marks.lanes.get(b.id))
      })
    )
  })

  it('cuts every block into runs without a gap, each under exactly its marks', () => {
    fc.assert(
      fc.property(anyMarks, (marks) => {
        marks.runs().forEach((runs, number) => {
          const block = index.blocks[number]
          expect(runs[0].start).toBe(block.start)
          expect(runs.at(-1)?.end).toBe(block.end)
          runs.slice(1).forEach((run, place) => expect(run.start).toBe(runs[place].end))
          for (const run of runs) {
            const expected = marks.list.filter(({ start, end }) => start <= run.start && end >= run.end)
            expect(run.marks.map(({ id }) => id)).toEqual(expected.map(({ id }) => id))
            // No mark begins or ends inside a run.
            for (const { start, end } of marks.list)
              for (const border of [start, end]) expect(border > run.start && border < run.end).toBe(false)
          }
        })
      })
    )
  })
})
