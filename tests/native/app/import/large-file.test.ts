import { spawnSync } from 'node:child_process'
import { closeSync, openSync, statSync, writeSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../store/temporary-folder'

const root = resolve(import.meta.dirname, '../../../..')
const at = temporaryFolder()
const mebibyte = 1 << 20

describe('a large file', () => {
  it('is read within 300 MB of memory; a record over 32 MiB is passed over', () => {
    const handle = openSync(at('large.json'), 'w')
    const put = (text: string): void => void writeSync(handle, text)
    put('[{"prompt":"first","response":"r"},')
    put('{"prompt":"too large","response":"')
    for (let i = 0; i < 120; i++) put('y'.repeat(mebibyte))
    put('"},{"prompt":"large","response":"')
    for (let i = 0; i < 16; i++) put('z'.repeat(mebibyte))
    put('"}')
    for (let i = 0; i < 1000; i++) put(`,{"prompt":"p","response":"${i} ${'w'.repeat(20_000)}"}`)
    put(']')
    closeSync(handle)
    expect(statSync(at('large.json')).size).toBeGreaterThan(150 * mebibyte)

    // the memory of a process of its own, as the system counts it (kilobytes)
    const child = resolve(import.meta.dirname, 'import.program.ts')
    const run = spawnSync(process.execPath, ['--import', 'tsx', child, at('large.json'), at('p.t2g')], {
      encoding: 'utf8',
      cwd: root
    })
    const { result, before, after } = JSON.parse(run.stdout) as {
      result: { responses: number; rejected: unknown[] }
      before: number
      after: number
    }
    expect(result.responses).toBe(1002)
    expect(result.rejected).toEqual([
      {
        record: 'record 2',
        code: 'record-too-large',
        reason: expect.stringMatching(/^large\.json, record 2: it is larger than 32 MiB; split/)
      }
    ])
    console.info(`memory: ${(before / 1024).toFixed(0)} MB before, ${(after / 1024).toFixed(0)} MB at most`)
    expect(after).toBeLessThan(300_000)
  })
})
