import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../store/temporary-folder'

const at = temporaryFolder()

/** Mounts of one's own need a right that not every machine gives; root ignores permission bits, so nothing else will do. */
const mayMount =
  spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs tmpfs /mnt'], { stdio: 'ignore' }).status === 0

/** Imports, exports and checks in a folder of the kind. */
function inMount(what: 'read-only' | 'full'): unknown {
  mkdirSync(at('mount'))
  writeFileSync(at('small.jsonl'), '{"prompt":"p","response":"r"}\n')
  const record = (n: number): string => `{"prompt":"p","response":"${n} ${'x'.repeat(2000)}"}\n`
  writeFileSync(at('large.jsonl'), Array.from({ length: 2000 }, (_, n) => record(n)).join(''))
  const child = resolve(import.meta.dirname, 'mounts.program.ts')
  const words = [what, at('mount'), at('small.jsonl'), at('large.jsonl')]
  const run = spawnSync('unshare', ['-rm', process.execPath, '--import', 'tsx', child, ...words], {
    encoding: 'utf8',
    cwd: resolve(import.meta.dirname, '../../../..')
  })
  if (run.status !== 0) throw new Error(run.stderr)
  return JSON.parse(run.stdout)
}

const failure = (code: string, words: RegExp) => ({ code, message: expect.stringMatching(words) as string })

describe.skipIf(!mayMount)('in mounts of our own', () => {
  it('a read-only folder is said to be one, and its project can still be read', () => {
    expect(inMount('read-only')).toEqual({
      into: failure('read-only', /^p\.t2g cannot be written .* choose another folder/),
      fresh: failure('read-only', /^new\.t2g cannot be written/),
      files: ['p.t2g'],
      typing: null,
      out: failure('read-only', /^out\.jsonl cannot be written/),
      left: ['p.t2g'],
      responses: 1
    })
  })

  it('a full disk is said to be one, and nothing is half-written', () => {
    const full = /^There is no room left on the disk .*make room/
    expect(inMount('full')).toEqual({
      into: failure('disk-full', full),
      fresh: failure('disk-full', full),
      files: ['p.t2g'],
      typing: { before: null, refused: failure('disk-full', full), kept: 'before', after: null },
      out: failure('disk-full', full),
      left: ['p.t2g'],
      responses: 1
    })
  })
})
