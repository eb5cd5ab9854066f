import { resolve } from 'node:path'
import { Option, type Command } from 'commander'
import type { ExportResult, JobRequest } from '../../contract/job'
import { deviceOptions, type DeviceWords } from '../device-options'
import { hostJob } from '../job-host'
import type { Terminal } from '../terminal'
import { progressLine } from './project'

interface ExportWords extends DeviceWords {
  readonly adapter?: string
  readonly out: string
}

type ExportRequest = Extract<JobRequest, { kind: 'export' }>

/** `model merge` and `model export`: a model and its adapter as one thing that other programs load. */
export function registerExportCommands(model: Command, terminal: Terminal): void {
  shared(model.command('merge'))
    .description('a new model folder with an adapter added to its weights; reloaded and compared')
    .requiredOption('--adapter <dir>', "an adapter in PEFT's layout")
    .requiredOption('--out <dir>', 'a new folder')
    .addOption(
      new Option('--dtype <name>', 'the types of the model as it is, or F32')
        .choices(['stored', 'f32'])
        .default('stored')
    )
    .action((dir: string, { dtype, ...words }: ExportWords & { dtype: 'stored' | 'f32' }) =>
      run(dir, words, { format: 'model', type: dtype })
    )

  shared(model.command('export'))
    .description(
      'a model, with or without an adapter, as one file for another program; reloaded and compared'
    )
    .option('--adapter <dir>', "an adapter in PEFT's layout, added to the weights")
    .requiredOption('--out <file>', 'a new file')
    .addOption(new Option('--format <name>', 'of the file').choices(['gguf']).default('gguf'))
    .addOption(new Option('--type <name>', 'of the weights').choices(['f16', 'q8_0']).default('f16'))
    .action((dir: string, { type, ...words }: ExportWords & { type: 'f16' | 'q8_0' }) =>
      run(dir, words, { format: 'gguf', type })
    )

  async function run(
    dir: string,
    { adapter, out, device, threads, fallback }: ExportWords,
    what: Pick<ExportRequest, 'format' | 'type'>
  ): Promise<void> {
    const request: JobRequest = {
      ...{ kind: 'export', ...what, device, threads, fallback },
      ...{ model: resolve(dir), adapter: adapter === undefined ? null : resolve(adapter), out: resolve(out) }
    }
    const options = { signal: terminal.signal, onProgress: progressLine(terminal) }
    const result = (await hostJob(request, options)) as ExportResult
    terminal.answer(result, exportText(result))
  }
}

const shared = (command: Command): Command =>
  deviceOptions(command, 'where the comparison is computed').argument(
    '<dir>',
    'a model folder in Hugging Face layout'
  )

const exportText = ({ out, type, bytes, sha256, ...compared }: ExportResult): string =>
  `Wrote ${out}: ${type}, ${(bytes / 1e6).toFixed(1)} MB. Reloaded, its logits of ${compared.tokens} tokens differ by at most ` +
  `${compared.largestLogitDifference.toPrecision(3)} from those of the model; up to ${compared.tolerance.toPrecision(2)} is rounding. ` +
  `SHA-256 ${sha256}.`
