import { expect, test } from 'vitest'
import { openFolderTokenizer } from '../../../../src/app/align/open-tokenizer'
import { markedAnswers, splitHash } from '../../../../src/app/critics/marked-answers'
import type { Split } from '../../../../src/pipeline/optimise/split'
import { wordOffsets } from '../../../../src/pipeline/reward/critic-quality/answer'
import { openProject, type Project } from '../../../../src/store/project'
import { RecordWriter } from '../../../../src/store/record-writer'
import { isUnfaithful } from '../../../../src/tokens/tokenizer'
import { starterModel } from '../../jobs/critic/training'
import { temporaryFolder } from '../../store/temporary-folder'

const at = temporaryFolder()
const text = 'The bridge is painted green.'

function write(project: Project, id: string, split: Split): void {
  project.write((db) => {
    const writer = new RecordWriter(db, {
      ...{ at: '2026-01-01T00:00:00.000Z', defaultPerson: { name: 'Anna', kind: 'person' } }
    })
    const span = { start: 22, end: 27, polarity: 'poor', label: -1, reason: 'It is blue.' } as const
    const annotation = { person: null, status: 'submitted', critique: '', spans: [span] } as const
    writer.write({
      ...{ id, messages: [{ role: 'user', content: `${id}?` }], passages: [], extra: {}, split },
      responses: [{ id: `${id}-answer`, text, source: 'A', extra: {}, annotations: [annotation] }]
    })
  })
}

test('marks are counted on the tokens of a model, or on words; a split changes when a document joins it', () => {
  const project = openProject(at('project.t2g'), { create: true })
  write(project, 'one', 'test')
  write(project, 'two', 'train')
  const { tokenizer } = openFolderTokenizer(starterModel)
  const placed = tokenizer.withOffsets(text)
  if (isUnfaithful(placed)) throw new Error(placed.unfaithful)
  expect(placed.offsets).not.toEqual(wordOffsets(text))

  const { answers, splitSha256 } = markedAnswers(project, 'test', tokenizer)
  expect(answers.map(({ use }) => use).sort()).toEqual(['evaluate', 'train'])
  for (const { offsets } of answers) expect(offsets).toEqual(placed.offsets)
  for (const { offsets } of markedAnswers(project, 'test', null).answers)
    expect(offsets).toEqual(wordOffsets(text))

  expect(splitHash(project, 'test')).toBe(splitSha256)
  write(project, 'three', 'train')
  expect(splitHash(project, 'test')).toBe(splitSha256)
  write(project, 'four', 'test')
  expect(splitHash(project, 'test')).not.toBe(splitSha256)
  project.close()
})
