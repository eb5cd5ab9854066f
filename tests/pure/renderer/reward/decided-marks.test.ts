import { describe, expect, it } from 'vitest'
import type { AnnotationView, SpanView } from '../../../../src/contract/ipc'
import { decidedMarks, readings } from '../../../../src/renderer/src/views/reward/decided-marks'

const span = (spanId: string, more: Partial<SpanView> = {}): SpanView => ({
  ...{ spanId, start: 0, end: 4, polarity: 'poor', quote: 'grey', reason: 'why', ...more }
})
const annotation = (annotationId: string, more: Partial<AnnotationView> = {}): AnnotationView => ({
  ...{ annotationId, base: null, person: annotationId, kind: 'person', mine: false },
  ...{ status: 'submitted', critique: '', spans: [], ...more }
})
const critic = annotation('critic', {
  ...{ kind: 'model', status: 'draft' },
  spans: [span('kept'), span('moved'), span('out'), span('open')]
})

describe('a critic’s marks', () => {
  it('stand as the person left them', () => {
    const own = annotation('mine', {
      spans: [span('a', { base: 'kept' }), span('b', { base: 'moved', end: 3, quote: 'gre' }), span('own')],
      refused: ['out', 'of another']
    })
    expect(decidedMarks(critic, own).map(({ spanId, decision, end }) => [spanId, decision, end])).toEqual([
      ['kept', 'accepted', 4],
      ['moved', 'edited', 3],
      ['out', 'rejected', 4],
      ['open', 'undecided', 4]
    ])
  })
  it('are undecided where the person has no annotation', () => {
    expect(new Set(decidedMarks(critic, undefined).map(({ decision }) => decision))).toEqual(
      new Set(['undecided'])
    )
  })
})

it('what people read is neither predicted nor corrected', () => {
  const [came, bob] = [annotation('came', { kind: 'import' }), annotation('bob', { base: 'came' })]
  expect(readings([came, critic])).toEqual([came])
  expect(readings([came, critic, bob])).toEqual([bob])
})
