import { spawnSync } from 'node:child_process'
import { closeSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../store/temporary-folder'

const root = resolve(import.meta.dirname, '../../../..')
const at = temporaryFolder()
const mebibyte = 1 << 20

interface Imported {
  readonly result: { readonly responses: number; readonly rejected: readonly unknown[] }
  /** Memory of a process of its own before and at most, as the system counts it (kilobytes). */
  readonly before: number
  readonly after: number
}

function importAlone(file: string): Imported {
  const child = resolve(import.meta.dirname, 'import.program.ts')
  const words = ['--import', 'tsx', child, file, `${file}.t2g`]
  return JSON.parse(spawnSync(process.execPath, words, { encoding: 'utf8', cwd: root }).stdout) as Imported
}

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

    const { result, before, after } = importAlone(at('large.json'))
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

  // One character outside of Latin 1 makes the whole string twice as large in memory.
  it.each([
    ['a', ''],
    ['a two-byte', '🙂']
  ])('with %s record just below 32 MiB is read within 300 MB', (_, last) => {
    const words = 'the quick brown fox\\n'
    const text = words.repeat(Math.floor((32 * mebibyte - 100) / words.length))
    writeFileSync(at(`${last}.json`), `[{"prompt":"large","response":"${text}${last}"}]`)
    const { result, before, after } = importAlone(at(`${last}.json`))
    expect(result).toMatchObject({ responses: 1, rejected: [] })
    console.info(`memory: ${(before / 1024).toFixed(0)} MB before, ${(after / 1024).toFixed(0)} MB at most`)
    expect(after).toBeLessThan(300_000)
  })
})
