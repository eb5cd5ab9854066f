import { writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Annotator } from '../../../../src/app/annotate/annotator'
import { markedAnswers } from '../../../../src/app/critics/marked-answers'
import { storePredictions } from '../../../../src/app/critics/store-predictions'
import type { CritiqueLine } from '../../../../src/contract/critic-lines'
import { openAnyCritic } from '../../../../src/jobs/critic/open'
import { evaluateCritic } from '../../../../src/jobs/critic/evaluate'
import { openProject, type Project } from '../../../../src/store/project'
import { RecordWriter } from '../../../../src/store/record-writer'
import { quietHost } from '../../jobs/run/tiny-run'
import { temporaryFolder } from '../../store/temporary-folder'

const at = temporaryFolder()
const texts = ['A lake here.', 'No lake there.', 'The lake is deep.']

/** Answers of the test split; nobody has read them. */
function open(): Project {
  const project = openProject(at('project.t2g'), { create: true })
  project.write((db) => {
    const writer = new RecordWriter(db, {
      ...{ at: '2026-01-01T00:00:00.000Z', defaultPerson: { name: 'Anna', kind: 'person' } }
    })
    for (const [index, text] of texts.entries())
      writer.write({
        ...{ id: `document-${index}`, messages: [{ role: 'user', content: 'Where?' }] },
        ...{ passages: [], extra: {}, split: 'test' },
        responses: [{ id: `response-${index}`, text, source: 'A', extra: {}, annotations: [] }]
      })
  })
  return project
}

test('who accepts what a critic marked is no witness for it', async () => {
  const rules = at('rules.json')
  const rule = { pattern: 'lake', scope: 'match', polarity: -1, reason: 'wet' }
  writeFileSync(rules, JSON.stringify({ version: 1, rules: [rule] }))
  const specification = `rules:${rules}`
  const { id, version } = await openAnyCritic(specification)
  const project = open()
  const predictions = texts.slice(0, 2).map((text, index) => {
    const start = text.indexOf('lake')
    const span = { start, end: start + 4, quote: 'lake', occurrence: 1, label: -1 as const, confidence: null }
    const critique: CritiqueLine = { critique: 'wet', spans: [span], status: 'ok' }
    return { responseId: `response-${index}`, critique }
  })
  await storePredictions(project, { critic: id, version }, predictions)

  // Anna takes the first prediction as it is; Ben marks the first and the third answer by himself.
  const anna = new Annotator(project, 'Anna')
  const [predicted] = anna.open('response-0').annotations
  const [{ spanId }] = predicted.spans
  anna.apply('response-0', { type: 'take-span', spanId })
  anna.apply('response-0', { type: 'set-status', status: 'submitted' })
  const ben = new Annotator(project, 'Ben')
  const mark = (responseId: string, from: number, to: number): void => {
    const spanId = `ben-${responseId}`
    ben.apply(responseId, { type: 'add-span', spanId, start: from, end: to, polarity: 'poor' })
    ben.apply(responseId, { type: 'set-status', status: 'submitted' })
  }
  mark('response-2', 4, 8)

  const evaluate = async () => {
    const { answers } = markedAnswers(project, 'test', null)
    const answersFile = at('answers.jsonl')
    writeFileSync(answersFile, answers.map((answer) => JSON.stringify(answer) + '\n').join(''))
    const request = { kind: 'evaluate-critic', critic: specification, answersFile } as const
    const { quality } = await evaluateCritic(
      { ...request, seed: 1, resamples: 10, threads: 1, device: 'cpu' },
      quietHost()
    )
    return quality
  }
  const one = await evaluate()
  expect(one.leftOut).toEqual({ annotations: 1, answers: 1 })
  expect(one.answers).toBe(1)
  expect(one.agreement.withCritic.map(({ first }) => first)).toEqual(['Ben'])

  ben.apply('response-2', { type: 'set-status', status: 'draft' })
  await expect(evaluate()).rejects.toMatchObject({ code: 'nothing-to-train' })
  project.close()
})
