import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename } from 'node:path'
import { Failure } from '../pipeline/failure'
import type { Db } from './database'

interface Holder {
  readonly host: string
  readonly pid: number
  readonly process_started: string
  readonly since: string
}

/**
 * One writer at a time: a row with host, process and its start time. A dead owner is taken over; readers need none.
 * @returns a function that gives the lock back
 * @throws Failure project-busy
 */
export function takeWriterLock(db: Db, file: string, takeOver = false): () => void {
  const token = randomUUID()
  db.transaction(() => {
    const holder = db.prepare('SELECT host, pid, process_started, since FROM writer').get() as
      Holder | undefined
    if (holder && !takeOver && mayBeAlive(holder)) throw busy(file, holder)
    db.prepare(
      'INSERT OR REPLACE INTO writer (one, host, pid, process_started, since, token) VALUES (1, ?, ?, ?, ?, ?)'
    ).run(hostname(), process.pid, startOf(process.pid), new Date().toISOString(), token)
  }).immediate()
  return () => void db.prepare('DELETE FROM writer WHERE token = ?').run(token)
}

function busy(file: string, { host, pid, since }: Holder): Failure {
  const here = host === hostname()
  return new Failure(
    'project-busy',
    `${basename(file)} is open ${here ? 'in another window or program' : `on ${host}`} (process ${pid}, since ${since}); close it there first` +
      (here ? '.' : ', or, if that machine is gone, run text2grad check --take-over.')
  )
}

/** Whether an owner may still write. Of a process on another machine nothing can be known. */
function mayBeAlive(holder: Holder): boolean {
  if (holder.host !== hostname()) return true
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  const started = startOf(holder.pid)
  return started === '' || holder.process_started === '' || started === holder.process_started
}

/** When a process started, in clock ticks since boot; tells a reused process id. Empty where the system does not say. */
function startOf(pid: number): string {
  try {
    // the name in brackets may hold spaces; field 22 is the 20th after it
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')[19]
  } catch {
    return ''
  }
}
