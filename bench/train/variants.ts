import { join } from 'node:path'
import { kindOf, sizes } from '../support/models'
import { startProgram, startScript, type Variant } from '../support/variant'
import { caseText, type Case } from './case'

export const startOurs = (name: string, shape: Case, threads: number, recomputed: number): Variant =>
  startScript(name, join(import.meta.dirname, 'ours.ts'), [
    caseText(shape),
    String(threads),
    String(recomputed)
  ])

/** The prototype, in its copy `dir`. */
export const startPrototype = (dir: string, { size, batch, length }: Case): Variant =>
  startProgram(
    'prototype',
    process.execPath,
    ['worker-ort.mjs', size, kindOf(size), String(batch), String(length)],
    { cwd: dir }
  )

export function startTorch(python: string, { size, batch, length }: Case, threads: number): Variant {
  const script = join(import.meta.dirname, 'torch_step.py')
  const described = JSON.stringify({ ...sizes[size], kind: kindOf(size) })
  return startProgram('PyTorch', python, [script, described, ...[batch, length, threads].map(String)])
}
