import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { scratchFolder } from '../../../pure/engine/checkpoint/scratch'

/** A mount of our own, seen by nobody else: needs Linux, and a kernel that lets us. */
const mayMount = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0
const script = join(import.meta.dirname, 'save-into.program.ts')
const place = scratchFolder()

interface Result {
  readonly saved: number
  readonly code: string
  readonly message: string
  readonly left: string[]
}

/** Saves checkpoints into a file system mounted with these options. */
function saveOn(options: string): Result {
  const steps = 'mount -t tmpfs -o "$1" none "$2" && exec "$3" --import tsx "$4" "$2"'
  const words = ['-rm', 'sh', '-c', steps, 'sh', options, place, process.execPath, script]
  const { stdout, stderr, status } = spawnSync('unshare', words, { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout) as Result
}

describe.skipIf(!mayMount)(
  'saving checkpoints on a file system (skipped where mounting is not permitted)',
  () => {
    test('that becomes full: the ones before are whole, nothing half-written is left', () => {
      const { saved, code, message, left } = saveOn('size=400k')
      expect(saved).toBeGreaterThan(1)
      expect(code).toBe('disk-full')
      expect(message).toBe(
        `There is no room on the disk for ${join(place, String(saved))}; nothing was half-written.`
      )
      expect(left.sort()).toEqual(Array.from({ length: saved }, (_, step) => String(step)).sort())
    })

    test('that is read-only', () => {
      const { saved, code, left } = saveOn('ro')
      expect({ saved, code, left }).toEqual({ saved: 0, code: 'read-only', left: [] })
    })
  }
)
