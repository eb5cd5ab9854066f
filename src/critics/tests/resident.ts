import { readdirSync, readFileSync } from 'node:fs'

/**
 * Bytes of physical memory that a process and all that it has started hold, as Linux counts them; a page that two of
 * them share counts twice. 0 where the system does not say: what the kernel's limits hold is then all that holds.
 */
export function residentBytes(pid: number): number {
  const started = childrenOf(pid)
  return started.reduce((sum, child) => sum + residentBytes(child), kilobytesOf(pid) * 1024)
}

/** A process may end while it is being looked at. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

const kilobytesOf = (pid: number): number =>
  Number(/^VmRSS:\s*(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0)

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      (read(`/proc/${pid}/task/${thread}/children`).match(/\d+/g) ?? []).map(Number)
    )
  } catch {
    return []
  }
}
