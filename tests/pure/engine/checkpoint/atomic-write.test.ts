import * as nodeFiles from 'node:fs'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  utf8,
  writeFileAtomically,
  writeFolderAtomically,
  type WritableFiles
} from '../../../../src/engine/checkpoint/atomic-write'
import { failureOf, scratchFolder } from './scratch'

const root = scratchFolder()
const contents = (text: string) =>
  new Map([
    ['a.txt', [utf8(text), utf8('!')]],
    ['b.txt', [utf8(`${text} too`)]]
  ])
const read = (...names: string[]) => readFileSync(join(root, ...names), 'utf8')

/** Files whose nth writing call fails as the system would fail it. */
function failingAt(nth: number, code: string): { files: WritableFiles; calls: () => number } {
  let calls = 0
  const fails = <A extends unknown[], R>(call: (...args: A) => R) => {
    return (...args: A): R => {
      calls++
      if (calls === nth) throw Object.assign(new Error(`${code}: it failed`), { code })
      return call(...args)
    }
  }
  const files: WritableFiles = {
    ...nodeFiles,
    mkdirSync: fails(nodeFiles.mkdirSync) as typeof nodeFiles.mkdirSync,
    openSync: fails(nodeFiles.openSync),
    writeSync: fails(nodeFiles.writeSync as (...args: unknown[]) => number) as typeof nodeFiles.writeSync,
    fsyncSync: fails(nodeFiles.fsyncSync),
    renameSync: fails(nodeFiles.renameSync)
  }
  return { files, calls: () => calls }
}

describe('writing a folder', () => {
  test('creates it with its parents, and replaces an earlier one of the same files', () => {
    writeFolderAtomically(join(root, 'deep/er/one'), contents('first'))
    expect([read('deep/er/one/a.txt'), read('deep/er/one/b.txt')]).toEqual(['first!', 'first too'])
    writeFolderAtomically(join(root, 'deep/er/one'), contents('second'))
    expect(read('deep/er/one/a.txt')).toBe('second!')
    expect(readdirSync(join(root, 'deep/er'))).toEqual(['one'])
  })

  test('never replaces a folder that holds anything else', () => {
    const folder = join(root, 'precious')
    mkdirSync(folder)
    writeFileSync(join(folder, 'thesis.txt'), 'mine')
    expect(failureOf(() => writeFolderAtomically(folder, contents('x')))).toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('thesis.txt') as string
    })
    expect(readdirSync(folder)).toEqual(['thesis.txt'])
  })

  test('wherever it fails, the earlier folder is whole, the new one is whole, or nothing is there', () => {
    const parent = join(root, 'failing')
    const folder = join(parent, 'one')
    mkdirSync(parent)
    const counted = failingAt(0, '')
    writeFolderAtomically(folder, contents('old'), counted.files)
    for (let nth = 1; nth <= counted.calls() + 1; nth++) {
      const { files, calls } = failingAt(nth, 'ENOSPC')
      const failure = failureOf(() => writeFolderAtomically(folder, contents('new'), files))
      expect(failure).toEqual({
        code: 'disk-full',
        message: `There is no room on the disk for ${folder}; nothing was half-written.`
      })
      expect(calls()).toBeGreaterThanOrEqual(nth)
      const text = read('failing/one/a.txt').slice(0, 3)
      expect(['old', 'new']).toContain(text)
      expect(read('failing/one/b.txt')).toBe(`${text} too`)
      nodeFiles.rmSync(parent, { recursive: true })
      mkdirSync(parent)
      writeFolderAtomically(folder, contents('old'))
      expect(readdirSync(parent)).toEqual(['one'])
    }
  })

  test('a failure on a new folder leaves nothing behind', () => {
    mkdirSync(join(root, 'new'))
    const { files } = failingAt(4, 'EIO')
    expect(failureOf(() => writeFolderAtomically(join(root, 'new/one'), contents('x'), files))).toMatchObject(
      {
        code: 'unreadable'
      }
    )
    expect(readdirSync(join(root, 'new'))).toEqual([])
  })

  test.each(['EROFS', 'EACCES', 'EPERM'])('%s is said as read-only', (code) => {
    const { files } = failingAt(2, code)
    const folder = join(root, `forbidden-${code}`)
    expect(failureOf(() => writeFolderAtomically(folder, contents('x'), files))).toEqual({
      code: 'read-only',
      message: `${folder} cannot be written: its place is read-only.`
    })
  })
})

describe('writing a file', () => {
  test('replaces the file, or keeps it when writing fails', () => {
    const file = join(root, 'single.json')
    writeFileAtomically(file, [utf8('one')])
    for (let nth = 1; nth <= 4; nth++) {
      const { files } = failingAt(nth, 'ENOSPC')
      expect(failureOf(() => writeFileAtomically(file, [utf8('two')], files)).code).toBe('disk-full')
      expect(read('single.json')).toBe('one')
    }
    writeFileAtomically(file, [utf8('two')])
    expect(read('single.json')).toBe('two')
    expect(readdirSync(root).filter((name) => name.startsWith('.'))).toEqual([])
  })
})
