import { existsSync, readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { isAlive } from './is-alive'

/**
 * Where a file or a folder is written before it gets its name: hidden beside it, and every process has its own, so that
 * two of them may write what has one name.
 */
export const draftOf = (path: string): string => join(dirname(path), `.${basename(path)}.new-${process.pid}`)

/**
 * Removes drafts in a folder, of one name or of all, that are this process's own or of processes that are gone. What a
 * process put aside while it replaced a folder (`old`) is removed as well.
 */
export function removeAbandoned(folder: string, name?: string): void {
  if (!existsSync(folder)) return
  for (const entry of readdirSync(folder)) {
    const [, of, pid] = /^\.(.+)\.(?:new|old)-(\d+)$/.exec(entry) ?? []
    if (of === undefined || (name !== undefined && of !== name)) continue
    if (Number(pid) === process.pid || !isAlive(Number(pid)))
      rmSync(join(folder, entry), { recursive: true, force: true })
  }
}
