import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { estimateMemory, type MemoryEstimate } from '../../src/engine/memory/estimate'
import { phantomModel } from '../../src/engine/memory/phantom-model'
import { trainerEnvironment } from '../../src/contract/trainer-environment'
import { configOf, trainableOf } from '../support/models'
import { openParts, type MemoryCase } from './cases'

/** What the estimate says of a case; nothing is loaded. */
export async function estimateCase(shape: MemoryCase): Promise<MemoryEstimate> {
  const config = configOf(shape.size)
  const model = phantomModel(config, { form: shape.base ?? 'full' })
  const trainable = trainableOf(config, shape.kind)
  return estimateMemory({
    model,
    trainable,
    value: false,
    open: (runtimeFor) => openParts(shape, model, trainable, runtimeFor)
  })
}

/** Bytes of the estimate that a measurement sees: the program is there before it begins. */
export const beyondProgram = ({ total, program }: MemoryEstimate): number => total - program

/** Bytes that a case takes at the worst moment, in a process of its own that is set up like the trainer's. */
export function measureCase({ name }: MemoryCase): number {
  const tsx = resolve(import.meta.dirname, '../../node_modules/tsx/dist/cli.mjs')
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [tsx, join(import.meta.dirname, 'measure.program.ts'), name],
    { encoding: 'utf8', env: { ...process.env, ...trainerEnvironment } }
  )
  if (status !== 0) throw new Error(stderr)
  return Number(stdout.trim().split('\n').at(-1))
}
