import type { Command } from 'commander'
import { resolve } from 'node:path'
import { writeReport } from '../../app/review/report'
import { hasReview, reviewRequest } from '../../app/review/review'
import { latestCheckpoint, readRunView } from '../../app/runs/folder'
import { hostJob } from '../job-host'
import type { Terminal } from '../terminal'

/** One page about a run. */
export function registerReportCommand(program: Command, terminal: Terminal): void {
  program
    .command('report')
    .description(
      'one self-contained HTML page: curves, numbers, answers before and after, settings and hashes'
    )
    .argument('<dir>', 'the run folder')
    .requiredOption('--out <file>', 'the page to write')
    .action(async (dir: string, { out }: { out: string }) => {
      readRunView(dir)
      if (latestCheckpoint(dir) !== null && !hasReview(dir))
        await hostJob(reviewRequest(resolve(dir)), { signal: terminal.signal })
      const path = resolve(writeReport(dir, out))
      terminal.answer({ path }, `The report is at ${path}`)
    })
}
