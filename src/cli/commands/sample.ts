import { Option, type Command } from 'commander'
import { sampleInto } from '../../app/runs/project'
import type { baseForms } from '../../contract/run-config'
import { realNumber, wholeNumber } from '../arguments'
import { baseOption, deviceOptions, type DeviceWords } from '../device-options'
import { hostJob } from '../job-host'
import type { Terminal } from '../terminal'
import { progressLine } from './project'

interface SampleWords extends DeviceWords {
  readonly project: string
  readonly model: string
  readonly adapter?: string
  readonly base?: (typeof baseForms)[number]
  readonly count: number
  readonly seed: number
  readonly maxNewTokens: number
  readonly temperature: number
  readonly template: 'tokenizer' | 'plain' | 'none'
}

/** The policy's own answers into a project. */
export function registerSampleCommand(program: Command, terminal: Terminal): void {
  deviceOptions(program.command('sample'))
    .description("the policy's own answers to the project's prompts, ready to be annotated")
    .requiredOption('--project <file>', 'the project')
    .requiredOption('--model <dir>', 'the policy: a model folder')
    .option('--adapter <dir>', 'an adapter in PEFT layout')
    .addOption(baseOption())
    .requiredOption('--count <n>', 'how many answers', wholeNumber(1, 10_000))
    .option('--seed <n>', 'repeats the answers', wholeNumber(0), 1)
    .option('--max-new-tokens <n>', 'longest answer', wholeNumber(1), 96)
    .option('--temperature <t>', '0 takes the likeliest token', realNumber(0), 1)
    .addOption(
      new Option('--template <name>', 'how a prompt becomes text')
        .choices(['tokenizer', 'plain', 'none'])
        .default('tokenizer')
    )
    .action(async ({ project, adapter, ...options }: SampleWords) => {
      const result = await sampleInto(project, { ...options, adapter: adapter ?? null }, (request) =>
        hostJob(request, { signal: terminal.signal, onProgress: progressLine(terminal) })
      )
      terminal.answer(result, `${result.responses} answers were added, ready to be annotated.`)
    })
}
