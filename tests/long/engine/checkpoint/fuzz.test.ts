import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { FuzzOutcome } from '../../../native/engine/checkpoint/fuzz'
import { scratchFolder } from '../../../pure/engine/checkpoint/scratch'

const folder = scratchFolder()
const root = resolve(import.meta.dirname, '../../../..')
const program = join(import.meta.dirname, 'fuzz.program.ts')

/** More than 10,000 in all. */
const cases = {
  weights: 2500,
  config: 2000,
  model: 500,
  shards: 800,
  mistral: 250,
  qwen3: 250,
  'gpt-2': 250,
  'phi-3': 250,
  'gpt-neox': 250,
  gemma3: 250,
  adapter: 1000,
  checkpoint: 400,
  'sealed-checkpoint': 800,
  'tokenizer-tiny': 1228,
  'tokenizer-starter': 600,
  'tokenizer-stories': 300,
  'tokenizer-large': 12,
  'tokenizer-config': 600
}

/** A process that may hang or die: it has so much time, and so much memory of its own. */
const minutes = 8
const heapMegabytes = 300
const memoryKilobytes = 900_000

describe(`${Object.values(cases).reduce((sum, count) => sum + count, 0)} mutated files`, () => {
  test.each(Object.entries(cases))('%s, %i times: no crash, no hang, no read outside', (kind, count) => {
    const place = join(folder, kind)
    mkdirSync(place)
    const words = [
      `--max-old-space-size=${heapMegabytes}`,
      '--import',
      'tsx',
      program,
      kind,
      place,
      String(count)
    ]
    const run = spawnSync(process.execPath, words, { cwd: root, encoding: 'utf8', timeout: minutes * 60_000 })
    expect(run.error).toBeUndefined()
    // What the tokenizer library prints of a pattern that it does not know is no failure.
    const told = run.status === 0 ? '' : run.stderr.slice(0, 3000)
    expect({ signal: run.signal, status: run.status, told }).toEqual({ signal: null, status: 0, told: '' })
    const outcome = JSON.parse(run.stdout) as FuzzOutcome & { memory: number }
    const { opened, failed, slowest, memory } = outcome
    console.info(
      `${kind}: ${opened} opened, ${failed} failed, the slowest took ${slowest.toFixed(0)} ms, ` +
        `${(memory / 1024).toFixed(0)} MB at most`
    )
    expect(opened + failed).toBe(count)
    expect(opened).toBeGreaterThan(0)
    expect(failed).toBeGreaterThan(count / 10)
    expect(memory).toBeLessThan(memoryKilobytes)
  })
})
