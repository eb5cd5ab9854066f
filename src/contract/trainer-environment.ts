/**
 * Environment of every process that computes. glibc keeps blocks that were freed unless they are at least as large as
 * the largest it ever gave back, which the copies of weights that a session makes and drops while it opens drive to
 * 32 MB: a quarter of a session's memory stays lost in holes. With a fixed bound they go back to the system.
 */
export const trainerEnvironment: Readonly<Record<string, string>> = {
  MALLOC_MMAP_THRESHOLD_: String(1 << 20)
}
