import { join } from 'node:path'
import { expect, test } from 'vitest'
import { thresholdsOf } from '../../../src/app/critics/thresholds'
import { defaultThresholds } from '../../../src/pipeline/reward/critic-quality/gate'
import { openProject } from '../../../src/store/project'
import { scratchFolder } from '../../pure/engine/checkpoint/scratch'
import { text2grad } from './run-command'

const project = join(scratchFolder(), 'letters.t2g')
const thresholds = async (...words: string[]) => {
  const { exitCode, error, json } = await text2grad(
    'critic',
    'thresholds',
    '--project',
    project,
    ...words,
    '--json'
  )
  return { exitCode, error, answer: json as Record<string, unknown> }
}

test('critic thresholds changes those that are named, in the project, and remembers who did', async () => {
  openProject(project, { create: true }).close()
  expect(await thresholds()).toMatchObject({
    exitCode: 0,
    answer: { current: defaultThresholds, defaults: defaultThresholds, changes: [] }
  })

  const wanted = { ...defaultThresholds, poorPrecision: 0.85, documents: 40 }
  const { answer } = await thresholds('--poor-precision', '0.85', '--documents', '40')
  expect(answer).toMatchObject({ current: wanted, defaults: defaultThresholds })
  expect(answer.changes).toEqual([
    {
      person: expect.stringMatching(/./) as string,
      at: expect.stringMatching(/^\d{4}-/) as string,
      thresholds: wanted
    }
  ])
  const open = openProject(project, { readOnly: true })
  expect(thresholdsOf(open)).toEqual(wanted)
  open.close()

  for (const words of [
    ['--poor-f1', '1.5'],
    ['--poor-f1', ''],
    ['--documents', '0']
  ])
    expect(await thresholds(...words)).toMatchObject({ exitCode: 2, answer: { error: {} } })
  const { out } = await text2grad('critic', 'thresholds', '--project', project)
  expect(out).toContain('at least 0.85 (0.5 where nobody changes it)')
  expect(out).toContain('documents: at least 40')
})

test('critic thresholds of no project is a failure and makes none', async () => {
  const { exitCode, json } = await text2grad(
    ...['critic', 'thresholds', '--project', `${project}-absent`, '--poor-f1', '0.4', '--json']
  )
  expect(exitCode).toBe(1)
  expect(json).toMatchObject({ error: { code: 'not-found' } })
})
