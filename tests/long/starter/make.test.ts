import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../../..')
const folder = mkdtempSync(join(tmpdir(), 'starter-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const script = (name: string, ...words: string[]) =>
  promisify(execFile)(process.execPath, ['--import', 'tsx', join('scripts/starter', name), ...words], {
    cwd: root
  })
const bytes = (...names: string[]) => readFileSync(join(...names)).toString('base64')

test('the same seed trains the same model, another seed another', async () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => join(folder, name))
  await script('make-model.ts', '--steps', '3', '--out', a)
  await script('make-model.ts', '--steps', '3', '--out', b)
  await script('make-model.ts', '--steps', '3', '--seed', '2', '--out', c)
  expect(bytes(a, 'model.safetensors')).toBe(bytes(b, 'model.safetensors'))
  expect(bytes(a, 'model.safetensors')).not.toBe(bytes(c, 'model.safetensors'))
})

test('the script makes the sample and the held-out prompts that are shipped', async () => {
  await script('make-sample.ts', '--resources', folder)
  for (const name of ['sample-project/answers.jsonl', 'held-out-prompts.jsonl'])
    expect(bytes(folder, name)).toBe(bytes(root, 'resources', name))
})
