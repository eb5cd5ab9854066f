import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Failure } from '../../pipeline/failure'
import type { SandboxFiles } from './files'
import { killTree, launch, type Isolation } from './launch'
import { defaultLimits, startSeconds } from './limits'

let kept: Promise<number> | null = null

/**
 * Python's memory just after its start, which every program begins with: it takes a fifth of the time of a start from
 * nothing. Made once, by our own code alone, for programs of either isolation.
 * @returns a descriptor for reading only, of a file that has no name any more and goes with this process
 * @throws Failure critic-failed if Python does not start
 */
export function snapshotOf(files: SandboxFiles, isolation: Isolation): Promise<number> {
  if (kept) return kept
  const made = makeSnapshot(files, isolation)
  kept = made
  // What did not start now may start later.
  made.catch(() => (kept = null))
  return made
}

async function makeSnapshot(files: SandboxFiles, isolation: Isolation): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'text2grad-python-'))
  const file = join(folder, 'snapshot')
  try {
    const out = openSync(file, 'w+')
    try {
      await started(files, isolation, out)
    } finally {
      closeSync(out)
    }
    return openSync(file, 'r')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function started(files: SandboxFiles, isolation: Isolation, out: number): Promise<void> {
  const child = launch('make', files, defaultLimits, isolation, ['ignore', 'ignore', 'pipe', out])
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2000)))
  const timer = setTimeout(() => killTree(child), startSeconds * 1000)
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
    if (code === 0) return
    const why = /^\S*Error.*$/m.exec(said)?.[0] ?? signal ?? `exit ${code}`
    throw new Failure('critic-failed', `Python did not start in its sandbox (${why}).`)
  } finally {
    clearTimeout(timer)
    killTree(child)
  }
}
