import { randomUUID } from 'node:crypto'
import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync
} from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { HEARTBEAT_LIMIT, runFiles, trainerOwner, type TrainerOwner } from '../contract/run-record'
import { Failure } from '../pipeline/failure'
import { isAlive } from './is-alive'

/**
 * One trainer a folder. Who works in it has a file there that only one can make, and touches it every second. Who is
 * gone is replaced: at once if it was a process of this machine, after `HEARTBEAT_LIMIT` seconds of silence otherwise.
 */
export class TrainerLock {
  private constructor(
    readonly dir: string,
    private readonly owner: TrainerOwner
  ) {}

  /** @throws Failure trainer-busy, naming who has the folder; nothing is written then */
  static take(dir: string): TrainerLock {
    const owner = { at: new Date().toISOString(), host: hostname(), pid: process.pid, token: randomUUID() }
    claim(dir, lockOf(dir), owner)
    held.add(owner.token)
    return new TrainerLock(dir, owner)
  }

  /**
   * Says that its owner is there. One that was silent for too long, because it was suspended, may have been replaced:
   * it finds out before it writes. @throws Failure trainer-busy
   */
  keep(): void {
    if (!touchIf(this.dir, ({ token }) => token === this.owner.token))
      throw new Failure(
        'trainer-busy',
        `The folder ${this.dir} was taken by another program while this one was silent: this one writes nothing more there.`
      )
  }

  release(): void {
    try {
      if (look(lockOf(this.dir))?.owner?.token === this.owner.token) rmSync(lockOf(this.dir))
    } catch {
      // On a disk that takes nothing it stays, and whoever comes next finds nobody behind it.
    }
    held.delete(this.owner.token)
  }
}

/** @throws Failure trainer-busy when somebody works in the folder */
export function requireNoTrainer(dir: string): void {
  const found = look(lockOf(dir))
  if (found && isThere(found)) throw busy(dir, found)
}

/** Says that this process is at work in the folder. @returns false where it is not: nothing was written then */
export const keepFolder = (dir: string): boolean =>
  touchIf(dir, ({ host, pid }) => host === hostname() && pid === process.pid)

/** Tokens of this process: a lock of its number without one is of an earlier process that had the same. */
const held = new Set<string>()

const lockOf = (dir: string): string => join(dir, runFiles.lock)

/** A lock as it was found. */
interface Found {
  /** null while it is being written, or where it is damaged. */
  readonly owner: TrainerOwner | null
  /** Milliseconds. */
  readonly touched: number
}

/**
 * Makes `file`, or takes it over from an owner that is gone. Such an owner has one successor: whoever can make the file
 * of that succession, which becomes the lock in one move. A successor that dies before is succeeded in the same way.
 */
function claim(dir: string, file: string, owner: TrainerOwner): void {
  while (!create(file, owner)) {
    const found = look(file)
    if (!found) continue // Given back this very moment.
    if (isThere(found)) throw busy(dir, found)
    const succession = `${file}.${tokenOf(found)}`
    claim(dir, succession, owner)
    const now = look(file)
    if (now && tokenOf(now) === tokenOf(found) && !isThere(now)) return renameSync(succession, file)
    // Somebody had succeeded already, before this claim was made.
    rmSync(succession, { force: true })
  }
}

const tokenOf = ({ owner }: Found): string => owner?.token ?? 'damaged'

/** @returns false where there is one already */
function create(file: string, owner: TrainerOwner): boolean {
  let handle: number
  try {
    handle = openSync(file, 'wx')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
  try {
    writeFileSync(handle, JSON.stringify(owner))
  } catch (error) {
    rmSync(file, { force: true })
    throw error
  } finally {
    closeSync(handle)
  }
  return true
}

/** How often a file that says nothing is read again, and after how many milliseconds: it may just be written. */
const [LOOKS, PAUSE] = [20, 5]

function look(file: string): Found | null {
  for (let looks = 1; existsSync(file); looks++) {
    try {
      const touched = statSync(file).mtimeMs
      const parsed = trainerOwner.safeParse(jsonOf(readFileSync(file, 'utf8')))
      if (parsed.success) return { owner: parsed.data, touched }
      if (looks === LOOKS) return { owner: null, touched }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE)
  }
  return null
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const silence = ({ touched }: Found): number => (Date.now() - touched) / 1000

function isThere(found: Found): boolean {
  const { owner } = found
  if (owner?.host === hostname()) {
    if (owner.pid === process.pid) return held.has(owner.token)
    if (!isAlive(owner.pid)) return false
  }
  return silence(found) <= HEARTBEAT_LIMIT
}

function touchIf(dir: string, isOurs: (owner: TrainerOwner) => boolean): boolean {
  const owner = look(lockOf(dir))?.owner
  if (!owner || !isOurs(owner)) return false
  const now = new Date()
  utimesSync(lockOf(dir), now, now)
  return true
}

function busy(dir: string, found: Found): Failure {
  const { owner } = found
  const remedy = 'wait for it, or stop it where it was started'
  if (owner?.host === hostname())
    return new Failure(
      'trainer-busy',
      `The folder ${dir} is taken: process ${owner.pid} of this machine has been at work there since ${owner.at}; ${remedy}.`
    )
  const who = owner ? `process ${owner.pid} of the machine ${owner.host}` : 'another program'
  return new Failure(
    'trainer-busy',
    `The folder ${dir} is taken: ${who} is at work there, last heard of ${Math.max(0, Math.round(silence(found)))} seconds ago; ${remedy}. Silent for ${HEARTBEAT_LIMIT} seconds, it counts as gone.`
  )
}
