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

/** Ours on answers of mixed lengths: in one piece, in `parts` as they come, or in `parts` sorted into as many lengths. */
export const startMixed = (
  name: string,
  shape: Case,
  threads: number,
  parts: number,
  how: 'as-they-come' | 'sorted'
): Variant =>
  startScript(name, join(import.meta.dirname, 'mixed.ts'), [
    caseText(shape),
    String(threads),
    String(parts),
    how
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
