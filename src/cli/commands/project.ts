import type { Command } from 'commander'
import { checkProject } from '../../app/check'
import { doctor } from '../../app/doctor'
import { exportFile } from '../../app/export-file'
import { importIntoFile } from '../../app/import-file'
import { openToRead } from '../../app/open-to-read'
import { showRecords, type ShownDocument } from '../../app/show'
import { takeOverProject } from '../../app/take-over'
import type { Progress } from '../../contract/job'
import type { SplitCounts } from '../../pipeline/optimise/split'
import { splitCounts, wholeNumber } from '../arguments'
import { gpuPackOption } from '../device-options'
import { tryDevices } from '../try-devices'
import type { Terminal } from '../terminal'

/** Commands about this machine and about one project file. */
export function registerProjectCommands(program: Command, terminal: Terminal): void {
  gpuPackOption(program.command('doctor'))
    .description('what this machine can do; every device is tried')
    .action(async () => {
      const found = doctor(await tryDevices())
      const devices = found.devices.map(({ name, usable, reason }) =>
        usable ? `${name} can be used` : (reason ?? `${name} cannot be used`)
      )
      const versions = `Node ${found.node}, SQLite ${found.sqlite}, ONNX Runtime ${found.onnxruntime}`
      terminal.answer(found, [versions, ...devices].join('\n'))
    })

  program
    .command('import')
    .description('read a file of answers into a project, which is made if it is absent')
    .argument('<file>', 'Fine-Grained RLHF JSON, JSONL, or an export of ours')
    .requiredOption('--project <file>', 'the project (NAME.t2g)')
    .option('--format <name>', 'auto, fine-grained-rlhf, jsonl or t2g-jsonl', 'auto')
    .option('--annotator <name>', 'whose annotations these are, where the file does not say')
    .option(
      '--split <n/n/n>',
      'draw by lot how many are for train/dev/test; else 80/10/10 by id',
      splitCounts
    )
    .option('--split-seed <n>', 'repeats the drawing', wholeNumber(0), 1)
    .option('--dry-run', 'say what would happen and keep nothing')
    .option('--strict', 'refuse the whole file if one record cannot be taken')
    .action(async (file: string, { split: counts, splitSeed: seed, ...options }: ImportWords) => {
      const result = await importIntoFile(file, options.project, {
        ...options,
        split: counts && { counts, seed },
        signal: terminal.signal,
        onProgress: progressLine(terminal)
      })
      for (const { reason, code } of result.rejected) terminal.note(`rejected: ${reason} [${code}]`)
      for (const { record, what } of result.repaired) terminal.note(`repaired: ${record}: ${what}`)
      const { documents, responses, annotations, spans, rejected, format, known, split } = result
      const drawn = split ? `; ${split.train} for train, ${split.dev} for dev, ${split.test} for test` : ''
      terminal.answer(
        result,
        `${options.dryRun ? 'Would import' : 'Imported'} ${documents} documents, ${responses} answers, ${annotations} annotations and ${spans} spans from ${format}` +
          `${drawn}; ${rejected.length} records rejected` +
          (known > 0 ? `; ${known} were there already.` : '.')
      )
    })

  program
    .command('export')
    .description('write a project to one file')
    .requiredOption('--project <file>', 'the project')
    .requiredOption('--format <name>', 't2g-jsonl (jsonl for short): everything but the history')
    .requiredOption('--out <file>', 'the file to write')
    .action(async ({ project, format, out }: { project: string; format: string; out: string }) => {
      openToRead(project).close()
      const onProgress = progressLine(terminal)
      const summary = await exportFile(project, out, { format, signal: terminal.signal, onProgress })
      terminal.answer(summary, `Wrote ${summary.records} records with ${summary.spans} spans to ${out}.`)
    })

  program
    .command('check')
    .description('verify everything stored: hashes, quotes, foreign keys, the chain of the history')
    .requiredOption('--project <file>', 'the project')
    .option('--take-over', 'first take the project from an owner on a machine that is gone')
    .action(async (options: { project: string; takeOver?: boolean }) => {
      if (options.takeOver) takeOverProject(options.project)
      const project = openToRead(options.project)
      try {
        const summary = await checkProject(project)
        for (const problem of summary.problems) terminal.note(problem)
        const { ok, documents, responses, annotations, spans, problems } = summary
        const held = `${documents} documents, ${responses} answers, ${annotations} annotations, ${spans} spans`
        terminal.answer(summary, `${held}: ${ok ? 'all sound.' : `${problems.length} problems.`}`)
        if (!ok) terminal.exitCode = 1
      } finally {
        project.close()
      }
    })

  program
    .command('show')
    .description('the records of a project')
    .requiredOption('--project <file>', 'the project')
    .option('--response <id>', 'one answer only')
    .action((options: { project: string; response?: string }) => {
      const project = openToRead(options.project)
      try {
        const shown = showRecords(project, options.response)
        terminal.answer(shown, shown.map(documentText).join('\n'))
      } finally {
        project.close()
      }
    })
}

interface ImportWords {
  readonly project: string
  readonly format: string
  readonly annotator?: string
  readonly split?: SplitCounts
  readonly splitSeed: number
  readonly dryRun?: boolean
  readonly strict?: boolean
}

/** A progress line at most once a second. */
export function progressLine(terminal: Terminal): (progress: Progress) => void {
  let last = Date.now()
  return ({ done, total, unit, note }) => {
    if (Date.now() - last < 1000) return
    last = Date.now()
    terminal.note(`${note ?? 'working'}: ${done} of ${total} ${unit}`)
  }
}

function documentText({ id, split, messages, responses }: ShownDocument): string {
  const prompt = messages.map(({ role, content }) => `  ${role}: ${content}`)
  const answers = responses.flatMap((response) => [
    `  answer ${response.id} (${response.source}): ${response.text}`,
    ...response.annotations.flatMap(({ person, status, critique, spans }) => [
      `    ${person?.name ?? 'somebody'}, ${status}${critique ? `: ${critique}` : ''}`,
      ...spans.map(
        ({ start, end, polarity, quote, category, reason }) =>
          `      ${polarity} ${start}–${end} "${quote}"${[category, reason]
            .filter(Boolean)
            .map((words) => ` · ${words}`)
            .join('')}`
      )
    ])
  ])
  return [`document ${id} (${split})`, ...prompt, ...answers].join('\n')
}
