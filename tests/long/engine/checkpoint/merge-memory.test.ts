import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { scratchFolder } from '../../../pure/engine/checkpoint/scratch'

const root = scratchFolder()

test('merging a model of 300 MB holds a few of its pieces in memory, not the model', () => {
  const program = join(import.meta.dirname, 'merge-memory.program.ts')
  const said = execFileSync(process.execPath, ['--import', 'tsx', program, root], { encoding: 'utf8' })
  const { bytes, changed, before, after } = JSON.parse(said) as Record<string, number>
  expect(bytes).toBeGreaterThan(300e6)
  expect(changed).toBe(15)
  expect(statSync(join(root, 'out/model.safetensors')).size).toBe(bytes)
  expect(after - before).toBeLessThan(0.3 * bytes)
})
