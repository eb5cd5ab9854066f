import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { discardEvaluation, prepareEvaluation } from '../../../../src/app/critics/evaluate'
import { prepareCriticOf } from '../../../../src/app/critics/train'
import { importIntoFile } from '../../../../src/app/import-file'
import { criticExample, criticFiles, parseCriticTraining } from '../../../../src/contract/critic-record'
import type { SplitCounts } from '../../../../src/pipeline/optimise/split'
import { openProject } from '../../../../src/store/project'
import { trainCritic } from '../../../../src/jobs/critic/train'
import { scratchFolder } from '../../../pure/engine/checkpoint/scratch'
import { starterModel } from '../../jobs/critic/training'
import { quietHost } from '../../jobs/run/tiny-run'

const scratch = scratchFolder()

/** Twenty answers that somebody marked, split as asked. */
async function projectOf(name: string, counts: SplitCounts, seed: number): Promise<string> {
  const answers = Array.from({ length: 20 }, (_, index) => ({
    prompt: `Say ${index}.`,
    response: `It is ${index}.`,
    spans: [{ start: 6, end: 7 + String(index).length - 1, label: -1 }]
  }))
  const file = join(scratch, `${name}.jsonl`)
  writeFileSync(file, answers.map((answer) => `${JSON.stringify(answer)}\n`).join(''))
  const project = join(scratch, `${name}.t2g`)
  const result = await importIntoFile(file, project, { strict: true, split: { counts, seed } })
  expect(result.split).toEqual(counts)
  return project
}

function evaluate(file: string, dir: string, split: 'train' | 'dev' | 'test'): void {
  const project = openProject(file, { readOnly: true })
  try {
    const options = { split, tokenizer: null, seed: 1, threads: 1 }
    discardEvaluation(prepareEvaluation(project, { ...options, critic: `trained:${dir}` }))
  } finally {
    project.close()
  }
}

test('a critic is never measured on what it was made from, also not in another project', async () => {
  const counts = { train: 12, dev: 4, test: 4 }
  const own = await projectOf('own', counts, 1)
  const other = await projectOf('other', counts, 2)
  const dir = join(scratch, 'critic')
  const asked = { kind: 'span-head', base: starterModel, batch: 4, steps: 1, threads: 1 }
  await prepareCriticOf(own, parseCriticTraining(asked), dir)
  await trainCritic(dir, quietHost())

  for (const split of ['train', 'dev', 'test'] as const) evaluate(own, dir, split)
  evaluate(other, dir, 'train')
  const message = expect.stringMatching(/made from \d+ of the documents in this project's test split/)
  expect(() => evaluate(other, dir, 'test')).toThrow(expect.objectContaining({ code: 'bad-input', message }))

  // Where only dev answers of the critic are in the test split, it is its copy of the examples that tells.
  const lines = readFileSync(join(dir, criticFiles.examples), 'utf8').trim().split('\n')
  const sides = new Map(
    lines.map((line) => criticExample.parse(JSON.parse(line))).map((one) => [one.response, one.split])
  )
  const third = join(scratch, 'third.jsonl')
  const record = (response: string) => ({
    prompt: `Say ${/\d+/.exec(response)?.[0] ?? ''}.`,
    response,
    spans: [{ start: 6, end: response.length - 1, label: -1 }]
  })
  const dev = [...sides].filter(([, side]) => side === 'dev').map(([response]) => record(response))
  expect(dev).toHaveLength(4)
  writeFileSync(third, dev.map((answer) => `${JSON.stringify(answer)}\n`).join(''))
  const project = join(scratch, 'third.t2g')
  await importIntoFile(third, project, { split: { counts: { train: 0, dev: 0, test: 1 }, seed: 1 } })
  expect(() => evaluate(project, dir, 'test')).toThrow('made from 4 of the documents')
  const moved = join(scratch, 'moved')
  cpSync(dir, moved, { recursive: true })
  rmSync(join(moved, criticFiles.examples))
  evaluate(project, moved, 'test')
})
