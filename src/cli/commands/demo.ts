import type { Command } from 'commander'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withInterval } from '../../app/demo/demo-report'
import { runDemo, type DemoSummary } from '../../app/demo/run-demo'
import { wholeNumber } from '../arguments'
import { hostJob } from '../job-host'
import { resourcesFolder } from '../resources'
import type { Terminal } from '../terminal'

/** Milliseconds between two lines of progress. */
const TELL_EVERY = 5000

/** The main job on the bundled project; exit 1 unless the truth score rose for certain. */
export function registerDemoCommand(program: Command, terminal: Terminal): void {
  program
    .command('demo')
    .description('the five steps on the bundled project, and what they did to the truth of its answers')
    .option('--out <dir>', 'a new folder for the project, the runs and the report')
    .option('--seed <n>', 'the first of three seeds', wholeNumber(0), 1)
    .action(async ({ out, seed }: { out?: string; seed: number }) => {
      const folder = out ?? mkdtempSync(join(tmpdir(), 'text2grad-demo-'))
      const started = Date.now()
      let told = 0
      const summary = await runDemo(
        { resources: resourcesFolder(), out: folder, seed },
        {
          signal: terminal.signal,
          tell: (step, line) => terminal.note(`${step.padEnd(9)} ${line}`),
          runJob: (request, doing) =>
            hostJob(request, {
              signal: terminal.signal,
              onProgress: ({ done, total, unit }) => {
                if (Date.now() - told < TELL_EVERY) return
                told = Date.now()
                const seconds = Math.round((told - started) / 1000)
                terminal.note(`${''.padEnd(9)} ${doing}: ${done} of ${total} ${unit} (${seconds} s so far)`)
              }
            })
        }
      )
      terminal.answer(summary, inWords(summary))
      if (!summary.improved)
        terminal.fail({
          code: 'no-gain',
          message: `The truth score did not rise for certain: ${withInterval(summary.gain)}.`
        })
    })
}

function inWords({
  seeds,
  prompts,
  means,
  likeliest,
  gain,
  shuffledGain,
  report,
  seconds
}: DemoSummary): string {
  const row = (cells: readonly string[]): string =>
    cells.map((cell, index) => (index === 0 ? cell.padEnd(10) : cell.padStart(10))).join('')
  const digits = (value: number): string => value.toFixed(3)
  return [
    '',
    `Truth score on ${prompts} held-out prompts (1 is all of the card and nothing else):`,
    row(['', 'before', 'after', 'shuffled']),
    ...seeds.map(({ seed, before, after, shuffled }) =>
      row([`seed ${seed}`, digits(before), digits(after), digits(shuffled)])
    ),
    row(['mean', ...[means.before, means.after, means.shuffled].map(({ score }) => digits(score))]),
    row([
      'likeliest',
      ...[likeliest.before, likeliest.after, likeliest.shuffled].map(({ score }) => digits(score))
    ]),
    `gain of the marks ${withInterval(gain)}, of the same marks shuffled ${withInterval(shuffledGain)} (95 % intervals)`,
    `${Math.round(seconds)} s. The report is at ${report}`
  ].join('\n')
}
