import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { checkout } from './variant'

const prototype = resolve(checkout, '../shared/prototypes/engine')

interface Rivals {
  /** A copy of the prototype that finds our ONNX Runtime. */
  readonly prototype: string | null
  /** The Python that has PyTorch: `$PYTHON`, or python3. */
  readonly python: string | null
}

/**
 * Gives `measure` what is here to be measured against, less what the caller does without (`prototype`, `torch`); says what
 * is missing, and deletes the prototype's copy at the end.
 */
export async function withRivals(
  without: readonly string[],
  measure: (rivals: Rivals) => Promise<void>
): Promise<void> {
  const copy = without.includes('prototype') ? null : copyPrototype()
  if (!copy && !without.includes('prototype'))
    console.log('the prototype is not beside the checkout: left out')
  const python = without.includes('torch') ? null : pythonWithTorch()
  if (!python && !without.includes('torch')) console.log('PyTorch is not installed here: left out')
  try {
    await measure({ prototype: copy, python })
  } finally {
    if (copy) rmSync(copy, { recursive: true, force: true })
  }
}

function copyPrototype(): string | null {
  if (!existsSync(join(prototype, 'worker-ort.mjs'))) return null
  const dir = mkdtempSync(join(tmpdir(), 'text2grad-prototype-'))
  cpSync(prototype, dir, { recursive: true })
  symlinkSync(join(checkout, 'node_modules'), join(dir, 'node_modules'))
  return dir
}

function pythonWithTorch(): string | null {
  const python = process.env.PYTHON ?? 'python3'
  return spawnSync(python, ['-c', 'import torch'], { stdio: 'ignore' }).status === 0 ? python : null
}
