import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { Annotator } from '../../../../src/app/annotate/annotator'
import { checkProject } from '../../../../src/app/check'
import type { AnnotationChange, AnnotationView } from '../../../../src/contract/ipc'
import { openProject, type Project } from '../../../../src/store/project'
import { fill } from '../../store/example'
import { temporaryFolder } from '../../store/temporary-folder'

const at = temporaryFolder()

/** A person at a project whose clock the test moves. */
function seat(file = at('work.t2g'), name = 'Anna') {
  const project = openProject(file, { create: true })
  const [first, second] = project.read((db) =>
    db.prepare('SELECT response_id FROM responses ORDER BY position').pluck().all()
  ) as string[]
  const ids = first ? [first, second] : fill(project)
  const clock = { now: Date.parse('2026-02-01T12:00:00Z') }
  const annotator = new Annotator(project, name, () => new Date(clock.now))
  return { project, annotator, ids, clock, mine: (id: string) => mine(annotator, id) }
}

const mine = (annotator: Annotator, responseId: string): AnnotationView | undefined =>
  annotator.open(responseId).annotations.find((annotation) => annotation.mine)
const historyLength = (project: Project): number =>
  Number(project.db.prepare('SELECT count(*) FROM history').pluck().get())
const add = (spanId: string, start: number, end: number): AnnotationChange => ({
  type: 'add-span',
  spanId,
  start,
  end,
  polarity: 'poor'
})

describe('annotating', () => {
  it('marks, moves, explains and submits; each change is one entry of the history', () => {
    const { project, annotator, ids, mine } = seat()
    const [, plain] = ids
    annotator.apply(plain, add('s1', 1, 5))
    annotator.apply(plain, { type: 'move-span', spanId: 's1', start: 1, end: 6 })
    annotator.apply(plain, { type: 'set-polarity', spanId: 's1', polarity: 'good' })
    annotator.apply(plain, { type: 'set-reason', spanId: 's1', reason: 'short and right' })
    annotator.apply(plain, { type: 'set-critique', critique: 'Fine.' })
    const view = annotator.apply(plain, { type: 'set-status', status: 'submitted' })
    expect(view).toMatchObject({
      person: 'Anna',
      kind: 'person',
      mine: true,
      status: 'submitted',
      critique: 'Fine.'
    })
    expect(view.spans).toEqual([
      { spanId: 's1', start: 1, end: 6, polarity: 'good', quote: 'Home.', reason: 'short and right' }
    ])
    expect(mine(plain)).toEqual(view)
    expect(historyLength(project)).toBe(6)
    // a change that changes nothing is none
    annotator.apply(plain, { type: 'set-critique', critique: 'Fine.' })
    expect(historyLength(project)).toBe(6)
    project.close()
  })

  it('gives a person a copy of what came with the data, and leaves the original', () => {
    const { project, annotator, ids } = seat()
    const [first] = ids
    const [original] = annotator.open(first).annotations
    const [poor] = original.spans
    const view = annotator.apply(first, { type: 'set-polarity', spanId: poor.spanId, polarity: 'neutral' })
    expect(view.critique).toBe('The rain is made up.')
    expect(view.status).toBe('draft')
    expect(view.spans.map(({ start, polarity }) => [start, polarity])).toEqual([
      [27, 'neutral'],
      [20, 'good']
    ])
    // the window may still name the span that it was shown
    annotator.apply(first, { type: 'remove-span', spanId: poor.spanId })
    const [still, own] = annotator.open(first).annotations
    expect(still).toEqual(original)
    expect(own.spans).toHaveLength(1)
    annotator.undo()
    annotator.undo()
    expect(annotator.open(first).annotations).toEqual([original])
    // what follows an undone copy starts from the copy again
    expect(annotator.apply(first, { type: 'set-critique', critique: 'No.' }).spans).toHaveLength(2)
    project.close()
  })

  it('refuses what does not fit, with its code, and writes nothing', () => {
    const { project, annotator, ids } = seat()
    const [, plain] = ids
    annotator.apply(plain, add('s1', 0, 3))
    const before = historyLength(project)
    const refused = (change: AnnotationChange, code: string, id = plain): void =>
      expect(() => annotator.apply(id, change)).toThrow(expect.objectContaining({ code }))
    refused(add('s2', 0, 7), 'span-outside-text')
    refused(add('s2', 3, 3), 'span-outside-text')
    refused(add('s1', 0, 2), 'bad-input')
    refused({ type: 'move-span', spanId: 's1', start: 2, end: 99 }, 'span-outside-text')
    refused({ type: 'remove-span', spanId: 'none' }, 'not-found')
    refused({ type: 'set-critique', critique: 'half \ud83d' }, 'bad-encoding')
    refused(add('s3', 0, 1), 'not-found', 'no such answer')
    expect(historyLength(project)).toBe(before)
    project.close()
  })

  it('takes typing within three seconds as one step, each piece of it written', () => {
    const { project, annotator, ids, clock, mine } = seat()
    const [, plain] = ids
    for (const critique of ['a', 'ab', 'abc', 'ab 😀', 'ab 😃']) {
      annotator.apply(plain, { type: 'set-critique', critique })
      clock.now += 200
    }
    expect(historyLength(project)).toBe(5)
    clock.now += 5000
    annotator.apply(plain, { type: 'set-critique', critique: 'ab 😃 and more' })
    annotator.undo()
    expect(mine(plain)?.critique).toBe('ab 😃')
    annotator.undo()
    expect(mine(plain)).toBeUndefined()
    annotator.redo()
    expect(mine(plain)?.critique).toBe('ab 😃')
    annotator.redo()
    expect(mine(plain)?.critique).toBe('ab 😃 and more')
    project.close()
  })

  it('undoes and redoes across answers and restarts, and a new change clears what could be redone', async () => {
    const file = at('work.t2g')
    const one = seat(file)
    const [first, second] = one.ids
    one.annotator.apply(second, add('s1', 0, 3))
    one.annotator.apply(first, { type: 'set-critique', critique: 'changed' })
    one.annotator.apply(second, { type: 'set-status', status: 'submitted' })
    one.annotator.undo()
    one.project.close()

    const two = seat(file)
    expect(two.annotator.undo()).toEqual({ responseId: first, what: 'write the critique' })
    expect(two.annotator.undo()).toEqual({ responseId: second, what: 'mark a poor span' })
    expect(two.annotator.undo()).toMatchObject({ responseId: null })
    expect(two.mine(second)).toBeUndefined()
    two.project.close()

    const three = seat(file)
    for (const responseId of [second, first, second])
      expect(three.annotator.redo().responseId).toBe(responseId)
    expect(three.annotator.redo().responseId).toBeNull()
    expect(three.mine(second)).toMatchObject({
      status: 'submitted',
      spans: [{ spanId: 's1', quote: '\ufeffHo' }]
    })
    three.annotator.undo()
    three.annotator.apply(second, { type: 'set-critique', critique: 'new' })
    expect(three.annotator.redo().responseId).toBeNull()
    expect((await checkProject(three.project)).problems).toEqual([])
    three.project.close()
  })

  it('keeps people apart: each undoes their own', () => {
    const { project, annotator, ids } = seat()
    const [, plain] = ids
    const ben = new Annotator(project, 'Ben')
    annotator.apply(plain, add('s1', 0, 1))
    ben.apply(plain, add('s2', 1, 2))
    annotator.undo()
    expect(mine(ben, plain)?.spans).toHaveLength(1)
    expect(mine(annotator, plain)).toBeUndefined()
    expect(ben.undo().responseId).toBe(plain)
    expect(ben.open(plain).annotations).toEqual([])
    project.close()
  })

  it('brings any sequence of changes back to where it was, and forth again', () => {
    const { project, annotator, ids, clock } = seat()
    const change = fc.oneof(
      fc.record({
        type: fc.constant('add' as const),
        start: fc.nat(30),
        length: fc.integer({ min: 1, max: 6 })
      }),
      fc.record({
        type: fc.constant('critique' as const),
        text: fc.string({ unit: 'grapheme', maxLength: 8 })
      }),
      fc.record({ type: fc.constant('move' as const), pick: fc.nat(), start: fc.nat(30) }),
      fc.record({ type: fc.constant('remove' as const), pick: fc.nat() }),
      fc.record({
        type: fc.constant('status' as const),
        status: fc.constantFrom('draft' as const, 'submitted' as const)
      })
    )
    let spans = 0
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(1), change), { maxLength: 12 }), (changes) => {
        const states = [JSON.stringify(ids.map((id) => annotator.open(id)))]
        for (const [which, what] of changes) {
          clock.now += 10_000
          const id = ids[which]
          const own = mine(annotator, id)?.spans ?? []
          const spanId = 'pick' in what ? own[what.pick % Math.max(1, own.length)]?.spanId : `p${spans++}`
          const before = historyLength(project)
          try {
            if (what.type === 'add')
              annotator.apply(id, add(spanId ?? '', what.start, what.start + what.length))
            else if (what.type === 'critique')
              annotator.apply(id, { type: 'set-critique', critique: what.text })
            else if (what.type === 'status') annotator.apply(id, { type: 'set-status', status: what.status })
            else if (spanId === undefined) continue
            else if (what.type === 'remove') annotator.apply(id, { type: 'remove-span', spanId })
            else annotator.apply(id, { type: 'move-span', spanId, start: what.start, end: what.start + 2 })
          } catch {
            expect(historyLength(project)).toBe(before)
          }
          if (historyLength(project) > before)
            states.push(JSON.stringify(ids.map((id) => annotator.open(id))))
        }
        const now = (): string => JSON.stringify(ids.map((id) => annotator.open(id)))
        for (const state of states.slice(0, -1).reverse()) {
          annotator.undo()
          expect(now()).toBe(state)
        }
        for (const state of states.slice(1)) {
          annotator.redo()
          expect(now()).toBe(state)
        }
        for (const _ of states.slice(1)) annotator.undo()
      }),
      { numRuns: 25 }
    )
    project.close()
  })
})

describe('the queue', () => {
  it('filters by status as one person sees it, searches, and pages', () => {
    const { project, annotator, ids } = seat()
    const page = (filter: object) =>
      annotator.queue({ status: 'all', search: '', offset: 0, limit: 10, ...filter })
    expect(page({}).rows.map(({ number, status, spans }) => [number, status, spans])).toEqual([
      [1, 'submitted', 2],
      [2, 'unread', 0]
    ])
    annotator.apply(ids[0], { type: 'set-critique', critique: 'hm' })
    expect(page({ status: 'draft' })).toMatchObject({ total: 1, rows: [{ responseId: ids[0] }] })
    expect(page({ status: 'submitted' }).total).toBe(0)
    expect(page({ status: 'unread' })).toMatchObject({
      total: 1,
      rows: [{ responseId: ids[1], source: 'model B' }]
    })
    expect(page({ search: 'rain' })).toMatchObject({ total: 1, rows: [{ responseId: ids[0] }] })
    expect(page({ search: 'where THEY' }).total).toBe(2)
    expect(page({ search: 'ained' }).total).toBe(1)
    expect(page({ search: '100%_' }).total).toBe(0)
    expect(page({ search: '"; DROP' }).total).toBe(0)
    expect(page({ offset: 1, limit: 1 })).toMatchObject({
      total: 2,
      rows: [{ number: 2, title: 'Where did they go?' }]
    })
    project.close()
  })
})
