import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { PythonSandbox } from '../../src/critics/tests/sandbox'
import { sliceCodePoints, codePointLength } from '../../src/pipeline/annotate/code-points'
import { chance } from '../../src/pipeline/optimise/chance'
import type { HumanEvalTask } from './human-eval'

const change = z.object({
  start: z.int(),
  end: z.int(),
  text: z.string(),
  line: z.int(),
  what: z.string()
})
const changes = z.array(z.array(change))

/** A solution with one statement changed. */
export interface Mutant {
  readonly task: HumanEvalTask
  readonly response: string
  /** Line of the changed statement in prompt + response. */
  readonly line: number
  /** Kind of the change. */
  readonly what: string
}

/** `count` of all single-statement mutants, drawn with a seed; each at most once. */
export async function drawMutants(
  tasks: readonly HumanEvalTask[],
  count: number,
  seed: number
): Promise<Mutant[]> {
  const script = readFileSync(join(import.meta.dirname, 'mutate.py'), 'utf8')
  const programs = tasks.map(({ prompt, canonical_solution: solution }) => ({ prompt, solution }))
  const { value, reason } = await new PythonSandbox({ limits: { seconds: 120 } }).run({ script, programs })
  if (value === undefined) throw new Error(`No mutants were made: ${reason ?? ''}`)
  const all = changes.parse(value).flatMap((found, index) =>
    found.map(({ start, end, text, line, what }) => {
      const task = tasks[index]
      const solution = task.canonical_solution
      const before = sliceCodePoints(solution, 0, start)
      const response = before + text + sliceCodePoints(solution, end, codePointLength(solution))
      return { task, response, line, what }
    })
  )
  return chance(seed, 'order', 0).shuffle(all).slice(0, count)
}

/** What became of a mutant: a detected one with the place of its line in the ranked list, from 1, or Infinity. */
export interface Judged {
  readonly mutant: Mutant
  readonly verdict: string
  readonly rank: number
  /** Statements of the response that are ranked. */
  readonly ranked: number
}

/** Runs every mutant, `width` at a time. */
export async function judgeMutants(mutants: readonly Mutant[], width: number): Promise<Judged[]> {
  const sandbox = new PythonSandbox()
  const judged: Judged[] = []
  let next = 0
  const work = async (): Promise<void> => {
    while (next < mutants.length) {
      const index = next++
      const mutant = mutants[index]
      const { prompt, test, entry_point: entryPoint } = mutant.task
      const { verdict, explanation } = await sandbox.run({
        prompt,
        response: mutant.response,
        test,
        entryPoint
      })
      const lines = [...new Set(explanation?.ranked.map(({ line }) => line))]
      const place = lines.indexOf(mutant.line)
      judged[index] = { mutant, verdict, rank: place < 0 ? Infinity : place + 1, ranked: lines.length }
    }
  }
  await Promise.all(Array.from({ length: width }, work))
  return judged
}

/** Shares of all mutants that were detected, and of those that were placed first, and among the first three. */
export function summary(judged: readonly Judged[]): {
  detected: number
  top1: number
  top3: number
} {
  const detected = judged.filter(({ verdict }) => verdict !== 'pass')
  const share = (some: number, of: number): number => (of === 0 ? 0 : some / of)
  const within = (places: number): number => detected.filter(({ rank }) => rank <= places).length
  return {
    detected: share(detected.length, judged.length),
    top1: share(within(1), detected.length),
    top3: share(within(3), detected.length)
  }
}
