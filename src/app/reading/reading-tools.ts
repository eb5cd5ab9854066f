import type { Progress } from '../../contract/job'

/** How a reading tells how far it is, and asks whether to go on. */
export interface ReadingTools {
  readonly onProgress: (progress: Progress) => void
  /** Throws when the work is cancelled. */
  readonly goOn: () => void
}
