import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startRun } from '../../../../src/app/runs/runs'
import { frozenPrompt, parseRunConfig, runFiles } from '../../../../src/contract/run-record'
import type { SampleRow } from '../../../../src/contract/job'
import { train } from '../../../../src/jobs/run/train'
import { scratchFolder } from '../../../pure/engine/checkpoint/scratch'
import { quietHost, tinyModel } from '../../jobs/run/tiny-run'

const scratch = scratchFolder()

test('a run freezes the tests of its prompts, and its answers are programs that run with them', async () => {
  const prompts = join(scratch, 'prompts.jsonl')
  // Whatever letters the model writes stand in a comment: one prompt's tests hold, the other one's do not.
  const program = 'def f(x):\n    return 2 * x\n# '
  const row = (id: string, expected: number): object => ({
    id,
    prompt: program,
    test: `def check(candidate):\n    assert candidate(1) == ${expected}\n`,
    entry_point: 'f'
  })
  writeFileSync(prompts, [row('right', 2), row('wrong', 3)].map((line) => JSON.stringify(line)).join('\n'))
  const config = parseRunConfig({
    ...{
      version: 1,
      model: tinyModel(join(scratch, 'model')),
      template: 'none',
      source: 'rollouts',
      prompts
    },
    ...{ critic: 'tests', batch: 2, steps: 2, checkpointEvery: 1, sampling: { maxNewTokens: 4 } },
    ...{ lora: { rank: 4, alpha: 8 } }
  })
  const { dir } = startRun(null, config, join(scratch, 'run'))

  const lines = (name: string): unknown[] =>
    readFileSync(join(dir, name), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown)
  const frozen = lines(runFiles.prompts).map((line) => frozenPrompt.parse(line))
  expect(frozen.map(({ id, tests }) => [id, tests?.entryPoint])).toEqual([
    ['right', 'f'],
    ['wrong', 'f']
  ])
  await train(dir, quietHost())
  const said = new Map((lines(runFiles.samples) as SampleRow[]).map((one) => [one.promptId, one]))
  expect(said.get('right')).toMatchObject({ status: 'ok', critique: 'Passes its tests.' })
  expect(said.get('right')?.spans.every(({ label }) => label === 1)).toBe(true)
  expect(said.get('wrong')?.critique).toMatch(/^`assert f\(1\) == 3` fails: it is 2\./)
})
