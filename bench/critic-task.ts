/**
 * The critics' task: answers about bridges in which a script has planted wrong facts, judged by a critic that was
 * trained on other values, names and sentences. Prints its figures next to the baselines', for each seed.
 *
 *   npm run bench -- critic-task [--kind span-head|generative] [--seeds 1,2,3,4,5,6] [--hard]
 *     [--base FOLDER] [--steps N]
 *
 * The critic that writes has a base made for it first, once for all seeds, or takes the one that `--base` names, which
 * `npx tsx scripts/critic-base/make-model.ts FOLDER` makes. With `--hard` half of the wrong values are other facts of the
 * same card, which no look into the prompt finds. `--steps 1` tells what a critic can do that has hardly been trained.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { Difficulty } from '../scripts/critic-task/writer'
import { baselineNames } from '../src/pipeline/reward/critic-quality/baselines'
import { table } from './claims/table'
import { makeCriticBase } from '../scripts/critic-base/make'
import { generativeRecipe, runTask, spanHeadRecipe, type TaskRecipe } from './critic/task-run'

const percent = (value: number | null | undefined): string => (value == null ? '–' : value.toFixed(3))

const kinds = ['span-head', 'generative'] as const
type Kind = (typeof kinds)[number]

/** The critic that writes has a base of its own, made once for all seeds. */
async function recipeOf(kind: Kind, folder: string, made?: string): Promise<TaskRecipe> {
  if (kind === 'span-head') return spanHeadRecipe
  if (made !== undefined) return generativeRecipe(resolve(made))
  const base = join(folder, 'base')
  const started = performance.now()
  await makeCriticBase(base, { seed: 1, threads: 1, say: console.error })
  console.log(`The base took ${((performance.now() - started) / 60000).toFixed(1)} minutes.`)
  return generativeRecipe(base)
}

interface Options {
  readonly difficulty: Difficulty
  readonly steps: number | undefined
  readonly base: string | undefined
}

async function main(kind: Kind, seeds: readonly number[], options: Options): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'text2grad-critic-task-'))
  const rows: string[][] = []
  const { training, manner } = await recipeOf(kind, folder, options.base)
  const recipe = { manner, training: { ...training, ...(options.steps && { steps: options.steps }) } }
  for (const seed of seeds) {
    const { quality, ...rest } = await runTask(join(folder, String(seed)), seed, recipe, options.difficulty)
    const interval = quality.intervals['tokens.negative.f1']
    rows.push([
      String(seed),
      `${percent(quality.tokens.negative.f1)} [${percent(interval?.low)}, ${percent(interval?.high)}]`,
      percent(quality.tokens.negative.precision),
      percent(quality.tokens.negative.recall),
      percent(quality.spans.exactF1),
      ...baselineNames.map((name) => percent(quality.baselines[name].tokens.negative.f1)),
      percent(rest.lookup.absent),
      percent(rest.lookup.unheard),
      percent(quality.calibration?.ece),
      `${percent(quality.calibration?.brier)} / ${percent(quality.calibration?.baseRateBrier)}`,
      (rest.trainingSeconds / 60).toFixed(1),
      (rest.secondsAnAnswer * 1000).toFixed(1),
      String(rest.bestStep)
    ])
  }
  rmSync(folder, { recursive: true })
  console.log('F1 of poor tokens on the test, with 95 % intervals; the baselines by the same measure:')
  console.log(
    table(
      [
        ...['seed', kind, 'precision', 'recall', 'exact spans', ...baselineNames, 'absent', 'unheard'],
        ...['ECE', 'Brier / base rate', 'minutes', 'ms an answer', 'best step']
      ],
      rows
    )
  )
}

const { values: options } = parseArgs({
  options: {
    kind: { type: 'string', default: 'span-head' },
    seeds: { type: 'string', default: '1,2,3,4,5,6' },
    hard: { type: 'boolean', default: false },
    base: { type: 'string' },
    steps: { type: 'string' }
  }
})
const kind = kinds.find((name) => name === options.kind)
if (!kind) throw new Error(`There is no critic of the kind ${options.kind}.`)
main(kind, options.seeds.split(',').map(Number), {
  difficulty: options.hard ? 'hard' : 'plain',
  base: options.base,
  steps: options.steps === undefined ? undefined : Number(options.steps)
}).catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
