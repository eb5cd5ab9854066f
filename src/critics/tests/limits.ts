/** What one program may use. */
export interface Limits {
  /** Seconds of processor time for its tests; a slow machine changes no verdict. */
  readonly seconds: number
  /** Seconds on the clock, past which it is ended whatever it has used. */
  readonly wallSeconds: number
  /** Bytes of Python's own memory. */
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

/** Bytes of memory of the process that are not Python's: V8 with its copies of Pyodide. */
export const ownBytes = 1.5 * 2 ** 30
