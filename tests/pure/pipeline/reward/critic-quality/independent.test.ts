import { expect, test } from 'vitest'
import { wordOffsets } from '../../../../../src/pipeline/reward/critic-quality/answer'
import { independentOf } from '../../../../../src/pipeline/reward/critic-quality/independent'

const text = 'one two'
const answer = (responseId: string, ...people: { person: string; corrects?: string[] }[]) => ({
  ...{ responseId, documentId: responseId, text, offsets: wordOffsets(text) },
  people: people.map((one) => ({ ...one, critique: '', spans: [] }))
})

test('what began as a prediction of this version is left out and counted; of another it stays', () => {
  const answers = [
    answer('own', { person: 'Ada' }),
    answer('both', { person: 'Ada', corrects: ['old', 'this'] }, { person: 'Bo' }),
    answer('corrected', { person: 'Ada', corrects: ['this'] }, { person: 'Bo', corrects: ['this'] }),
    answer('older', { person: 'Ada', corrects: ['old'] })
  ]
  const found = independentOf(answers, 'this')
  expect(
    found.answers.map(({ responseId, people }) => [responseId, people.map(({ person }) => person)])
  ).toEqual([
    ['own', ['Ada']],
    ['both', ['Bo']],
    ['older', ['Ada']]
  ])
  expect(found.leftOut).toEqual({ annotations: 3, answers: 1 })
  expect(independentOf(answers, 'another').leftOut).toEqual({ annotations: 0, answers: 0 })
})
