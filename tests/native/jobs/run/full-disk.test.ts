import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { scratchFolder } from '../../../pure/engine/checkpoint/scratch'

/** A mount of our own, seen by nobody else: needs Linux, and a kernel that lets us. */
const mayMount = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0
const script = join(import.meta.dirname, 'full-disk.program.ts')
const scratch = scratchFolder()

interface Result {
  readonly code: string
  readonly message: string
  /** Of the checkpoints' folder. */
  readonly left: string[]
  /** Of the newest sound checkpoint, and how many newer ones are damaged. */
  readonly step: number
  readonly skipped: number
  readonly end: string
  /** As the run that nothing happened to. */
  readonly same: boolean
}

function trainOn(trouble: 'full' | 'read-only'): Result {
  const [place, peace] = [join(scratch, trouble), join(scratch, `${trouble}-peace`)]
  mkdirSync(place)
  const steps = 'mount -t tmpfs -o size=4m none "$1" && exec "$2" --import tsx "$3" "$1" "$4" "$5"'
  const words = ['-rm', 'sh', '-c', steps, 'sh', place, process.execPath, script, peace, trouble]
  const { stdout, stderr } = spawnSync('unshare', words, { encoding: 'utf8' })
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as Result
}

describe.skipIf(!mayMount)('a run whose disk (skipped where mounting is not permitted)', () => {
  test.each([
    ['full', 'disk-full', /no room (left )?on the disk/],
    ['read-only', 'read-only', /cannot be written/]
  ] as const)(
    'becomes %s stops in one sentence, and goes on once there is room',
    (trouble, code, sentence) => {
      const { message, left, step, ...result } = trainOn(trouble)
      console.info(`${trouble}: ${message}`)
      expect(result).toEqual({ code, skipped: 0, end: 'finished', same: true })
      expect(message).toMatch(sentence)
      expect(message).toContain(`the last good checkpoint is that of step ${step}, `)
      expect(step).toBeGreaterThan(0)
      expect(step).toBeLessThan(9)
      // Nothing but whole checkpoints.
      expect(left.filter((name) => !/^\d+$/.test(name))).toEqual([])
    }
  )
})
