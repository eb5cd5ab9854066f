import { resolve } from 'node:path'
import { PythonSandbox } from '../../src/critics/tests/sandbox'
import { readHumanEval } from './human-eval'
import { drawMutants, judgeMutants, summary, type Judged } from './mutants-run'

/**
 * How well tests find and place faults: `npm run bench -- critic-mutants [COUNT] [SEED] [FILE]`. Single-statement mutants
 * of HumanEval's solutions run with their tests; of those that fail, how often the changed line is ranked first, or among
 * the first three.
 */
export async function benchMutants([count = '500', seed = '1', file]: string[]): Promise<void> {
  const tasks = readHumanEval(file ?? resolve(import.meta.dirname, '../../../shared/data/HumanEval.jsonl.gz'))
  const mutants = await drawMutants(tasks, Number(count), Number(seed))
  const start = performance.now()
  const judged = await judgeMutants(mutants, 2)
  const seconds = (performance.now() - start) / 1000
  const { kind, reason } = new PythonSandbox().isolation
  console.log(`${mutants.length} mutants, seed ${seed}, ${kind}${reason ? ` (${reason})` : ''}`)
  row('all', judged)
  for (const what of [...new Set(mutants.map((mutant) => mutant.what))].sort())
    row(
      what,
      judged.filter(({ mutant }) => mutant.what === what)
    )
  const verdicts = judged.map(({ verdict }) => verdict)
  for (const verdict of new Set(verdicts))
    console.log(`${verdict}: ${verdicts.filter((other) => other === verdict).length}`)
  console.log(`${seconds.toFixed(0)} s, ${((1000 * seconds) / mutants.length).toFixed(0)} ms a program`)
}

function row(name: string, judged: readonly Judged[]): void {
  const { detected, top1, top3 } = summary(judged)
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`.padStart(8)
  console.log(
    `${name.padEnd(12)} ${String(judged.length).padStart(4)}  detected ${percent(detected)}  first ${percent(top1)}  first three ${percent(top3)}`
  )
}
