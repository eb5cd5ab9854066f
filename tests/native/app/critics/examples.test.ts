import { describe, expect, test } from 'vitest'
import { criticExamples } from '../../../../src/app/critics/examples'
import { storePredictions } from '../../../../src/app/critics/store-predictions'
import { balanceWeights, disagreementWeights } from '../../../../src/app/critics/weights'
import { checkProject } from '../../../../src/app/check'
import { projectSource } from '../../../../src/app/runs/source'
import { parseCriticTraining } from '../../../../src/contract/critic-record'
import type { CritiqueLine } from '../../../../src/contract/critic-lines'
import { annotationIdOf, insertAnnotation } from '../../../../src/store/annotations'
import { ensurePerson } from '../../../../src/store/persons'
import { openProject, type Project } from '../../../../src/store/project'
import { RecordWriter } from '../../../../src/store/record-writer'
import { insertSpan, spansOf } from '../../../../src/store/spans'
import { temporaryFolder } from '../../store/temporary-folder'

const at = temporaryFolder()
const time = '2026-01-01T00:00:00.000Z'
const config = parseCriticTraining({ kind: 'generative', base: 'model' })
const none = { passages: [], extra: {} }

/** Two answers: nobody has read the first, two people differ on the second. */
function open(): Project {
  const project = openProject(at('project.t2g'), { create: true })
  project.write((db) => {
    const writer = new RecordWriter(db, { at: time, defaultPerson: { name: 'Anna', kind: 'person' } })
    const messages = [{ role: 'user' as const, content: 'Where?' }]
    const annotation = (name: string, start: number, end: number) => ({
      ...{
        person: { name, kind: 'person' as const },
        status: 'submitted' as const,
        critique: `${name} says`
      },
      spans: [{ start, end, polarity: 'poor' as const }]
    })
    const response = { source: 'A', extra: {} }
    writer.write({
      ...{ id: 'unread', messages, ...none, split: 'train' },
      responses: [{ ...response, id: 'first', text: 'Beside the lake.', annotations: [] }]
    })
    writer.write({
      ...{ id: 'read', messages, ...none, split: 'train' },
      responses: [
        {
          ...{ ...response, id: 'second', text: '0123456789' },
          annotations: [annotation('Anna', 0, 4), annotation('Ben', 2, 4)]
        }
      ]
    })
  })
  return project
}

const predicted: CritiqueLine = {
  critique: 'Three things.',
  status: 'ok',
  spans: [
    { start: 0, end: 6, quote: 'Beside', occurrence: 1, label: 1, confidence: 0.5, reason: 'place' },
    { start: 7, end: 10, quote: 'the', occurrence: 1, label: -1, confidence: 0.25 },
    { start: 11, end: 15, quote: 'lake', occurrence: 1, label: -1, confidence: null }
  ]
}
const critic = { critic: 'generative', version: '0123456789abcdef' }

describe('examples for a critic', () => {
  test('one for each person, less where they disagree; what nobody has read is counted and left out', () => {
    const project = open()
    const { examples, dropped, splitSha256 } = criticExamples(project, config)
    expect(examples.map(({ person, weight, spans }) => [person, weight, spans])).toEqual([
      ['Anna', 0.25 + 0.75 * 0.5, [{ start: 0, end: 4, polarity: 'poor' }]],
      ['Ben', 0.25 + 0.75 * 0.5, [{ start: 2, end: 4, polarity: 'poor' }]]
    ])
    expect(dropped).toEqual([{ reason: 'nobody has submitted an annotation', count: 1 }])
    expect(splitSha256).toMatch(/^[0-9a-f]{64}$/)
    project.close()
  })

  test('a prediction is stored once, never trains, and its correction names the version and what became of each span', async () => {
    const project = open()
    const failure: CritiqueLine = { critique: '', spans: [], status: 'failed', reason: 'no' }
    const predictions = [
      { responseId: 'first', critique: predicted },
      { responseId: 'second', critique: failure }
    ]
    expect(await storePredictions(project, critic, predictions)).toEqual({ stored: 1, known: 0, failed: 1 })
    expect(await storePredictions(project, critic, predictions)).toEqual({ stored: 0, known: 1, failed: 1 })
    expect(criticExamples(project, config).examples).toHaveLength(2)
    expect(projectSource(project).answers()[0].submitted).toBe(false)
    expect((await checkProject(project)).problems).toEqual([])

    // Anna accepts the first span, edits the second, rejects the third, and adds one of her own.
    project.write((db) => {
      const model = { name: `generative critic ${critic.version}`, kind: 'model' as const }
      const base = annotationIdOf('first', ensurePerson(db, model))
      const personId = ensurePerson(db, { name: 'Anna', kind: 'person' })
      const annotationId = annotationIdOf('first', personId)
      insertAnnotation(db, {
        ...{ annotationId, responseId: 'first', personId, status: 'submitted', critique: 'Mine.' },
        ...{ guideline: '', base, retracted: false, createdAt: time }
      })
      const copies = spansOf(db, base).map((span, index) => ({
        ...{ ...span, spanId: `copy-${index}`, annotationId, base: span.spanId }
      }))
      insertSpan(db, copies[0])
      insertSpan(db, { ...copies[1], end: 9, quote: 'th' })
      insertSpan(db, { ...copies[2], retracted: true })
      insertSpan(db, { ...copies[0], spanId: 'own', base: null, start: 15, end: 16, quote: '.' })
    })
    const { examples } = criticExamples(project, config)
    const corrected = examples.find(({ responseId }) => responseId === 'first')
    expect(corrected?.base?.criticVersion).toBe(critic.version)
    expect(corrected?.base?.spans.map(({ change }) => change)).toEqual([
      'accepted',
      'edited',
      'rejected',
      'added'
    ])
    expect(corrected?.spans).toHaveLength(3)
    project.close()
  })
})

describe('weights', () => {
  const marked = (polarity: 'good' | 'poor' | null, split = 'train') => ({
    ...{ responseId: 'one', response: 'abcd', split },
    spans: polarity ? [{ start: 0, end: 2, polarity }] : []
  })

  test('what is rare counts more, to the cap; only training documents are counted', () => {
    const given = [...Array<'good'>(6).fill('good'), 'poor' as const, null].map((one) => marked(one))
    const dev = marked('poor', 'dev')
    const weights = balanceWeights([...given, dev, dev], { by: 'polarity', cap: 2 })
    expect(weights).toEqual([...Array<number>(6).fill(8 / 18), 2, 2, 2, 2])
    expect(balanceWeights(given, { by: 'none', cap: 2 })).toEqual(Array(8).fill(1))
  })

  test('agreement is over what either marked; nothing marked by both is agreement', () => {
    const rules = { by: 'people', floor: 0.2 } as const
    expect(disagreementWeights([marked('good'), marked('good')], rules)).toEqual([1, 1])
    expect(disagreementWeights([marked('good'), marked('poor')], rules)).toEqual([0.2, 0.2])
    expect(disagreementWeights([marked(null), marked(null)], rules)).toEqual([1, 1])
    expect(disagreementWeights([marked('good')], rules)).toEqual([1])
  })
})
