import type * as nodeFiles from 'node:fs'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { CritiqueFile } from '../../../src/critics/critique-file'
import { SpentFile } from '../../../src/critics/llm/spent'
import { AtomicFile, writeWhole } from '../../../src/files/atomic-file'
import { draftOf, removeAbandoned } from '../../../src/files/drafts'
import { scratchFolder } from '../engine/checkpoint/scratch'

/** What was done to the disk, in order: a file or a folder flushed, a file renamed. */
const done: string[] = []
vi.mock('node:fs', async (original) => {
  const files = await original<typeof nodeFiles>()
  const opened = new Map<number, string>()
  return {
    ...files,
    openSync: (...given: Parameters<typeof files.openSync>) => {
      const handle = files.openSync(...given)
      opened.set(handle, files.fstatSync(handle).isDirectory() ? 'folder' : 'file')
      return handle
    },
    fsyncSync: (handle: number) => {
      done.push(`flush ${opened.get(handle) ?? handle}`)
      files.fsyncSync(handle)
    },
    renameSync: (from: string, to: string) => {
      done.push('rename')
      files.renameSync(from, to)
    }
  }
})

const scratch = scratchFolder()
let count = 0
let dir = ''
let file = ''
beforeEach(() => {
  mkdirSync((dir = join(scratch, `files-${++count}`)))
  file = join(dir, 'one.json')
  done.length = 0
})
/** In this order a power cut leaves the old file or the new one, and the new one once it has been said to be there. */
const lasting = ['flush file', 'rename', 'flush folder']

test('a file is on the disk before it has its name, and its name after', () => {
  writeWhole(file, 'one')
  writeWhole(file, 'two')
  expect(readFileSync(file, 'utf8')).toBe('two')
  expect(done).toEqual([...lasting, ...lasting])
  expect(readdirSync(dir)).toEqual(['one.json'])
})

test('so is what a critic on a server has spent, before the request leaves', () => {
  new SpentFile(file).keep({ requests: 1, tokens: 2, seconds: 3 })
  expect(done).toEqual(lasting)
  expect(new SpentFile(file).before).toMatchObject({ requests: 1, tokens: 2, seconds: 3 })
})

test('and so are its critiques, when their file is made smaller', () => {
  const critiques = new CritiqueFile(file, undefined, 1000)
  for (let number = 0; number < 9; number++)
    critiques.put(String(number).repeat(64), {
      status: 'ok',
      critique: 'x'.repeat(40),
      spans: [],
      nothingNotable: true
    })
  expect(done.length).toBeGreaterThan(0)
  expect(done.slice(0, 3)).toEqual(lasting)
  expect(new CritiqueFile(file).count).toBeGreaterThan(0)
})

describe('a file that cannot be written to its end', () => {
  test.each([
    ['ENOSPC', 'disk-full'],
    ['EROFS', 'read-only']
  ])('is as it was, and nothing is left beside it: %s', (code, failure) => {
    writeWhole(file, 'before')
    const fails = (): never => {
      throw Object.assign(new Error(code), { code })
    }
    expect(() => writeWhole(file, 'after', fails)).toThrow(expect.objectContaining({ code: failure }))
    expect(readFileSync(file, 'utf8')).toBe('before')
    expect(readdirSync(dir)).toEqual(['one.json'])
  })

  test('is a failure where there is no folder, or a folder of its name', () => {
    expect(() => writeWhole(join(dir, 'none', 'one'), '')).toThrow(
      expect.objectContaining({ code: 'not-found' })
    )
    expect(() => writeWhole(dir, '')).toThrow(expect.objectContaining({ code: 'not-a-file' }))
    expect(existsSync(join(dir, 'none'))).toBe(false)
  })
})

test('a file that was committed is not closed again: its number may be that of another by then', () => {
  const first = new AtomicFile(file)
  first.commit()
  const second = new AtomicFile(join(dir, 'two.json'))
  first.discard()
  second.write('second')
  second.commit()
  expect(readFileSync(join(dir, 'two.json'), 'utf8')).toBe('second')
  expect(existsSync(file)).toBe(true)
})

test('drafts of processes that are gone are removed, and of those that are there are not', () => {
  // 2^22 is the largest number that Linux gives.
  const gone = 2 ** 22 + 1
  const names = [`.a.new-${gone}`, `.b.old-${gone}`, `.a.new-${process.ppid}`, '.a.new', 'a.new-1']
  for (const name of names) writeFileSync(join(dir, name), '')
  writeFileSync(draftOf(join(dir, 'c')), '')
  removeAbandoned(dir, 'a')
  expect(readdirSync(dir).sort()).toEqual(
    [`.b.old-${gone}`, `.a.new-${process.ppid}`, `.c.new-${process.pid}`, '.a.new', 'a.new-1'].sort()
  )
  removeAbandoned(dir)
  expect(readdirSync(dir).sort()).toEqual(['.a.new', `.a.new-${process.ppid}`, 'a.new-1'])
})
