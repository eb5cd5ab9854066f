/** What one program may use. */
export interface Limits {
  /** Seconds of processor time for its tests; a slow machine changes no verdict. */
  readonly seconds: number
  /** Seconds on the clock, past which it is ended whatever it has used. */
  readonly wallSeconds: number
  /** Bytes of Python's own memory; the files that a program writes lie outside of it, see `largestResident`. */
  readonly memoryBytes: number
  /** Bytes that it may write to standard output and standard error. */
  readonly outputBytes: number
}

export const defaultLimits: Limits = {
  seconds: 10,
  wallSeconds: 120,
  memoryBytes: 512 * 2 ** 20,
  outputBytes: 2 ** 20
}

/** Seconds on the clock that a process may take to start, on a machine that is busy with other things. */
export const startSeconds = 300

/** Seconds of processor time that the start, and the second look at a program that failed, may take beyond `seconds`. */
export const spareSeconds = 4

/** Bytes of address space of the process that are not Python's: V8 with its copies of Pyodide, most of it untouched. */
export const ownBytes = 1.5 * 2 ** 30

/**
 * Bytes of physical memory at which a program's processes are ended: what Python may take, and 384 MiB for the process
 * around it, of which V8 and Pyodide hold 120 to 170 and the rest is for the program's files, which are kept in memory.
 */
export const largestResident = ({ memoryBytes }: Limits): number => memoryBytes + 384 * 2 ** 20
