import { describe, expect, it } from 'vitest'
import type { AnnotationView } from '../../../../src/contract/ipc'
import { standingOf, trainingAnnotations } from '../../../../src/renderer/src/views/annotate/standing'

const annotation = (annotationId: string, more: Partial<AnnotationView> = {}): AnnotationView => ({
  annotationId,
  base: null,
  person: annotationId,
  kind: 'person',
  mine: false,
  status: 'submitted',
  critique: '',
  spans: [],
  ...more
})
const imported = annotation('imported', { kind: 'import' })
const bob = annotation('bob', { base: 'imported' })
const mine = annotation('mine', { mine: true, base: 'imported', status: 'draft' })

describe('what a person works on', () => {
  it('is what came with the data, until they change it', () => {
    expect(standingOf([imported, bob])).toEqual({ own: imported, others: [bob] })
  })
  it('is their own copy from then on, and the original is out of sight', () => {
    expect(standingOf([imported, bob, mine])).toEqual({ own: mine, others: [bob] })
  })
  it('is never what a critic predicts, of which what is not decided on is another’s', () => {
    const span = (spanId: string, base?: string) => ({
      ...{ spanId, start: 0, end: 1, polarity: 'poor' as const, quote: 'a' },
      ...(base && { base })
    })
    const spans = [span('taken'), span('refused'), span('open')]
    const critic = annotation('critic', { kind: 'model', status: 'draft', spans })
    expect(standingOf([critic])).toEqual({ own: undefined, others: [critic] })
    expect(standingOf([imported, critic]).own).toBe(imported)
    const corrected = annotation('mine', {
      ...{ mine: true, base: 'critic', status: 'draft', refused: ['refused'] },
      spans: [span('copy', 'taken')]
    })
    expect(standingOf([critic, corrected])).toEqual({
      own: corrected,
      others: [{ ...critic, spans: [span('open')] }]
    })
    // A model's annotation that came submitted is data.
    const judge = annotation('judge', { kind: 'model' })
    expect(standingOf([judge]).own).toBe(judge)
  })
  it('is nothing where only other people have been', () => {
    expect(standingOf([annotation('bob')]).own).toBeUndefined()
  })
})

describe('what trains', () => {
  const ids = (list: readonly AnnotationView[], own?: string) => [...trainingAnnotations(list, own)]
  it('is what was submitted', () => {
    expect(ids([imported, annotation('carl', { status: 'draft' })])).toEqual(['imported'])
  })
  it('is a correction in place of what it corrects', () => {
    expect(ids([imported, bob])).toEqual(['bob'])
  })
  it("counts the person's own draft as if it were submitted", () => {
    expect(ids([imported, mine], 'mine')).toEqual(['mine'])
    expect(ids([imported, mine])).toEqual(['imported'])
  })
})
