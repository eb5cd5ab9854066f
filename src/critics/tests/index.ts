import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { CancelSignal, Critic, CriticInput, Critique } from '../../contract/critic'
import { Failure } from '../../pipeline/failure'
import { critiqueOf } from './critique'
import { PythonSandbox, type SandboxOptions } from './sandbox'

/** Programs that run at the same time, at most. */
const mostAtOnce = 4

/**
 * Unit tests as a critic of Python programs: prompt + response is the program, `check(entry_point)` of its tests decides.
 * A program that fails is marked where the error arose, or else where the tests that fail come by and those that pass do
 * not (Ochiai). An input without tests fails.
 * @throws Failure not-found if parts of the installation are missing
 */
export function testsCritic(options: SandboxOptions = {}): Critic {
  const sandbox = new PythonSandbox(options)
  return {
    id: 'tests',
    version: versionOf(sandbox),
    async *score(batch, signal) {
      const running: Promise<Critique>[] = []
      const stop = { aborted: false }
      const either: CancelSignal = {
        get aborted() {
          // Some signals say it once.
          return (stop.aborted ||= signal.aborted)
        }
      }
      try {
        for (let next = 0, done = 0; done < batch.length; done++) {
          while (next < batch.length && next < done + Math.min(mostAtOnce, availableParallelism())) {
            const judged = judge(sandbox, batch[next++], either)
            // Whoever asks for it hears of its failure.
            judged.catch(() => undefined)
            running.push(judged)
          }
          yield await running[done]
        }
      } finally {
        stop.aborted = true
      }
    }
  }
}

async function judge(
  sandbox: PythonSandbox,
  { prompt, response, tests }: CriticInput,
  signal: CancelSignal
): Promise<Critique> {
  if (signal.aborted) throw new Failure('cancelled', 'The critic was cancelled.')
  const begun = prompt.filter(({ role }) => role === 'user').at(-1)?.content
  if (tests === undefined || begun === undefined)
    return {
      status: 'failed',
      code: 'critic-failed',
      reason: 'This prompt has no tests: "test" and "entry_point" must stand beside it.'
    }
  const start = performance.now()
  const outcome = await sandbox.run({ prompt: begun, response, ...tests }, signal)
  return critiqueOf(begun, response, outcome, (performance.now() - start) / 1000)
}

/** Of everything that a verdict depends on. */
function versionOf({ files, limits }: PythonSandbox): string {
  // Packaging rewrites this file, and the package's program is the same critic.
  const pyodide = JSON.parse(readFileSync(join(files.pyodide, 'package.json'), 'utf8')) as { version: string }
  const hash = createHash('sha256').update(JSON.stringify([limits, pyodide.version]))
  for (const file of ['child.mjs', 'judge.py']) hash.update(readFileSync(join(files.own, file)))
  return hash.digest('hex').slice(0, 16)
}
