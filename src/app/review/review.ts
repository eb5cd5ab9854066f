import { join } from 'node:path'
import type { ReviewView } from '../../contract/ipc'
import type { JobRequest } from '../../contract/job'
import { runFiles } from '../../contract/run-record'
import { Failure } from '../../pipeline/failure'
import { readReview } from './report'
import { readRunView } from '../runs/folder'

/** Prompts shown side by side, and the seed that their answers are drawn with. */
const REVIEW_COUNT = 12
const REVIEW_SEED = 1

export const reviewRequest = (runDir: string, count = REVIEW_COUNT, seed = REVIEW_SEED): JobRequest => ({
  kind: 'review',
  runDir,
  outFile: join(runDir, runFiles.review),
  count,
  seed
})

/** Whether the review that lies in the folder is of the run as it stands. */
export const hasReview = (runDir: string): boolean => readReview(runDir)?.step === readRunView(runDir).step

/** What the review job wrote, with the run as it stands. @throws Failure not-found before the job has been done */
export function openReview(runDir: string): ReviewView {
  const review = readReview(runDir)
  if (review === null) throw new Failure('not-found', 'This run has not been reviewed yet.')
  const { before, after, pairs } = review
  return { run: readRunView(runDir), before, after, pairs }
}
