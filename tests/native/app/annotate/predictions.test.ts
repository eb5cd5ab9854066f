import { beforeEach, afterEach, describe, expect, it } from 'vitest'
import { Annotator } from '../../../../src/app/annotate/annotator'
import { checkProject } from '../../../../src/app/check'
import { criticExamples } from '../../../../src/app/critics/examples'
import { markedAnswers } from '../../../../src/app/critics/marked-answers'
import { storePredictions } from '../../../../src/app/critics/store-predictions'
import { projectInfo } from '../../../../src/app/project-info'
import { parseCriticTraining } from '../../../../src/contract/critic-record'
import type { AnnotationChange, AnnotationView } from '../../../../src/contract/ipc'
import type { Label } from '../../../../src/pipeline/annotate/span'
import { openProject, type Project } from '../../../../src/store/project'
import { fill } from '../../store/example'
import { temporaryFolder } from '../../store/temporary-folder'

const at = temporaryFolder()
const critic = { critic: 'rules', version: '0123456789abcdef' }
let project: Project
let annotator: Annotator
/** An answer that came with marks, and one that nobody has read. */
let data: string
let unread: string

beforeEach(async () => {
  project = openProject(at('work.t2g'), { create: true })
  ;[data, unread] = fill(project)
  annotator = new Annotator(project, 'Anna')
  const span = (start: number, label: Label) => ({
    ...{ start, end: start + 2, occurrence: 1, label, confidence: 0.5, reason: 'as predicted' }
  })
  const predict = (responseId: string) => {
    const text = Array.from(annotator.open(responseId).text)
    const spans = [span(0, -1), span(2, 1), span(4, -1)].map((one) => ({
      ...one,
      quote: text.slice(one.start, one.end).join('')
    }))
    return { responseId, critique: { status: 'ok' as const, critique: 'Predicted words.', spans } }
  }
  await storePredictions(project, critic, [predict(data), predict(unread)])
})
afterEach(() => project.close())

const apply = (responseId: string, change: AnnotationChange): AnnotationView =>
  annotator.apply(responseId, change)
const predicted = (responseId: string): AnnotationView =>
  annotator.open(responseId).annotations.find(({ kind, status }) => kind === 'model' && status === 'draft')!
const mine = (responseId: string): AnnotationView | undefined =>
  annotator.open(responseId).annotations.find((annotation) => annotation.mine)
const corrections = () => {
  const config = parseCriticTraining({ kind: 'generative', base: 'model' })
  return criticExamples(project, config).examples.filter(({ person }) => person === 'Anna')
}

describe('what a critic predicted', () => {
  it('leaves an answer unread', () => {
    const queued = annotator.queue({ status: 'unread', search: '', offset: 0, limit: 10 })
    expect(queued.rows.map(({ responseId, status, spans }) => [responseId, status, spans])).toEqual([
      [unread, 'unread', 0]
    ])
    expect(projectInfo(project).unread).toBe(1)
  })

  it('does not become a person’s with the first mark that they make', () => {
    const own = apply(unread, { type: 'add-span', spanId: 'own', start: 1, end: 3, polarity: 'good' })
    expect(own.spans.map(({ spanId }) => spanId)).toEqual(['own'])
    expect(own.critique).toBe('')
    expect(own.base).toBeNull()
    apply(unread, { type: 'set-status', status: 'submitted' })
    expect(corrections().map(({ base, spans }) => [base, spans.length])).toEqual([[undefined, 1]])
  })

  it('is taken over mark by mark: accepted, edited, rejected; the undecided are nobody’s', async () => {
    const [first, second, third] = predicted(unread).spans
    apply(unread, { type: 'take-span', spanId: first.spanId })
    apply(unread, { type: 'set-polarity', spanId: second.spanId, polarity: 'poor' })
    const own = apply(unread, { type: 'remove-span', spanId: third.spanId })
    expect(own.spans.map(({ base, polarity, reason }) => [base, polarity, reason])).toEqual([
      [first.spanId, 'poor', 'as predicted'],
      [second.spanId, 'poor', 'as predicted']
    ])
    expect(own.refused).toEqual([third.spanId])
    expect(mine(unread)).toEqual(own)
    apply(unread, { type: 'set-status', status: 'submitted' })
    const [{ base }] = corrections()
    expect(base?.criticVersion).toBe(critic.version)
    expect(base?.spans).toEqual([
      { base: first.spanId, change: 'accepted' },
      { base: second.spanId, change: 'edited' },
      { base: third.spanId, change: 'rejected' }
    ])
    expect((await checkProject(project)).problems).toEqual([])
    // A person who has not decided on a mark has said nothing of it.
    annotator.undo()
    annotator.undo()
    apply(unread, { type: 'set-status', status: 'submitted' })
    expect(corrections()[0].base?.spans.map(({ change }) => change)).toEqual(['accepted', 'edited'])
  })

  it('is undecided again when a decision is undone, and decided when it is done again', () => {
    const [first] = predicted(unread).spans
    const decide = { accepted: 'take-span', rejected: 'remove-span' } as const
    for (const type of Object.values(decide)) {
      const before = mine(unread)
      const decided = apply(unread, { type, spanId: first.spanId })
      annotator.undo()
      expect(mine(unread)).toEqual(before)
      annotator.redo()
      expect(mine(unread)).toEqual(decided)
      annotator.undo()
    }
    expect(corrections()).toEqual([])
  })

  it('comes back after it was rejected, as it last stood', () => {
    const [first] = predicted(unread).spans
    apply(unread, { type: 'move-span', spanId: first.spanId, start: 0, end: 3 })
    apply(unread, { type: 'remove-span', spanId: first.spanId })
    expect(() => apply(unread, { type: 'remove-span', spanId: first.spanId })).toThrow(
      expect.objectContaining({ code: 'not-found' })
    )
    const own = apply(unread, { type: 'take-span', spanId: first.spanId })
    expect(own.spans).toMatchObject([{ start: 0, end: 3, base: first.spanId }])
    expect(own.refused).toBeUndefined()
    // Accepting what is there already is no change.
    const steps = project.db.prepare('SELECT count(*) FROM history').pluck()
    const count = steps.get()
    apply(unread, { type: 'take-span', spanId: first.spanId })
    expect(steps.get()).toBe(count)
  })

  it('can be taken over beside what came with the data, and beside one’s own marks', () => {
    const [came] = annotator.open(data).annotations
    const [first, second] = predicted(data).spans
    const own = apply(data, { type: 'take-span', spanId: first.spanId })
    expect(own.base).toBe(came.annotationId)
    expect(own.spans.map(({ base }) => base)).toEqual([
      ...came.spans.map(({ spanId }) => spanId),
      first.spanId
    ])
    expect(own.critique).toBe(came.critique)
    apply(data, { type: 'set-status', status: 'submitted' })
    expect(apply(data, { type: 'remove-span', spanId: second.spanId }).refused).toEqual([second.spanId])
    expect(corrections()[0].base).toMatchObject({
      criticVersion: critic.version,
      spans: [
        { base: first.spanId, change: 'accepted' },
        { base: second.spanId, change: 'rejected' },
        { base: null, change: 'added' },
        { base: null, change: 'added' }
      ]
    })
  })

  it('is named by who agrees that there is nothing to add, and is then no gold for it', () => {
    const { annotationId } = predicted(unread)
    const own = apply(unread, { type: 'set-status', status: 'submitted', agreesWith: annotationId })
    expect([own.base, own.spans, own.critique]).toEqual([annotationId, [], ''])
    expect(corrections()[0].base).toEqual({ annotationId, criticVersion: critic.version, spans: [] })
    const { split } = annotator.open(unread)
    const [answer] = markedAnswers(project, split, null).answers.filter(
      ({ responseId }) => responseId === unread
    )
    expect(answer.people).toMatchObject([{ corrects: [critic.version] }])
  })

  it('of another answer cannot be taken over', () => {
    const [elsewhere] = predicted(data).spans
    apply(unread, { type: 'set-critique', critique: 'Mine.' })
    expect(() => apply(unread, { type: 'take-span', spanId: elsewhere.spanId })).toThrow(
      expect.objectContaining({ code: 'not-found' })
    )
  })
})
