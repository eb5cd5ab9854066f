import { Option, type Command } from 'commander'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { requireAllowed } from '../../app/critics/preview'
import { previewScore, scoreFile, scoreProject } from '../../app/critics/score'
import { prepareCriticOf, readCriticTraining } from '../../app/critics/train'
import { criticFiles, criticKinds } from '../../contract/critic-record'
import type { JobRequest } from '../../contract/job'
import { deviceNames } from '../../contract/run-config'
import { Failure } from '../../pipeline/failure'
import type { TrainCriticResult } from '../../jobs/critic/train'
import { wholeNumber } from '../arguments'
import { allowHostOption } from '../critic-options'
import { criticPreviewText } from '../critic-preview-text'
import { deviceOptions, gpuPackOption, type DeviceWords } from '../device-options'
import { hostJob } from '../job-host'
import type { Terminal } from '../terminal'
import { progressLine } from './project'

interface TrainWords {
  readonly project?: string
  readonly kind?: string
  readonly base?: string
  readonly out: string
  readonly config?: string
  readonly seed?: number
  readonly device?: string
  readonly threads?: number
  readonly resume?: boolean
}

interface ScoreWords extends DeviceWords {
  readonly critic: string
  readonly project?: string
  readonly split: string
  readonly in?: string
  readonly out?: string
  readonly cache?: string
  readonly dryRun?: boolean
  readonly allowHost: readonly string[]
}

/** Critics that are trained on people's annotations, and what any critic says of answers. */
export function registerCriticCommands(program: Command, terminal: Terminal): void {
  const critic = program.command('critic').description('train critics, have answers judged, measure how well')
  const host = (request: JobRequest): Promise<unknown> =>
    hostJob(request, { signal: terminal.signal, onProgress: progressLine(terminal) })

  gpuPackOption(critic.command('train'))
    .description('train a critic on the annotations of a project; Ctrl-C stops it with a checkpoint')
    .option('--project <file>', 'the project')
    .addOption(
      new Option('--kind <name>', 'a critic that writes, or one that only marks').choices(criticKinds)
    )
    .option('--base <dir>', 'the model to start from')
    .requiredOption('--out <dir>', "the critic's folder, which must be new or empty")
    .option('--config <file>', 'further settings, as JSON')
    .option('--resume', 'take up the training in --out again from its last checkpoint')
    .option('--seed <n>', 'repeats the training', wholeNumber(0))
    .addOption(new Option('--device <name>', 'where to compute').choices([...deviceNames]))
    .option('--threads <n>', 'threads within an operator', wholeNumber(1, 1024))
    .action(async ({ project, out, config, resume, ...given }: TrainWords, command: Command) => {
      const { kind, base, seed, device, threads } = given
      if (!resume && project === undefined)
        return command.error("error: required option '--project <file>' not specified")
      if (!resume && config === undefined && (kind === undefined || base === undefined))
        return command.error(
          `error: required option '--${kind === undefined ? 'kind <name>' : 'base <dir>'}' not specified`
        )
      if (!resume) {
        const training = readCriticTraining(config ?? null, { kind, base, seed, device, threads })
        await prepareCriticOf(project ?? '', training, out)
      } else if (!existsSync(join(out, criticFiles.training)))
        throw new Failure('not-found', `There is no training in ${out} to take up again.`)
      const criticDir = resolve(out)
      const result = (await host({ kind: 'train-critic', criticDir })) as TrainCriticResult
      terminal.answer({ ...result, dir: criticDir }, trainText(result, criticDir))
    })

  deviceOptions(critic.command('score'))
    .description('have a critic judge the answers of a project, or those of a file')
    .requiredOption('--critic <critic>', "a trained critic's folder, rules:FILE, tests or llm:URL#MODEL")
    .option('--project <file>', 'the project: what the critic says is stored as its predictions')
    .addOption(
      new Option('--split <name>', 'of the project').choices(['train', 'dev', 'test', 'all']).default('all')
    )
    .option('--in <file>', 'JSONL with a prompt and a response a line; .gz too')
    .option('--out <file>', 'a critique for each line of --in')
    .option('--cache <file>', 'keep critiques there, and judge nothing twice')
    .option('--dry-run', 'say what would be sent to an llm: critic, to the letter, and send nothing')
    .addOption(allowHostOption())
    .action(async ({ project, split, in: input, out, ...words }: ScoreWords, command: Command) => {
      if ((project === undefined) === (input === undefined))
        return command.error('error: give either --project <file> or --in <file>')
      const preview = await previewScore(
        project === undefined ? { file: input ?? '' } : { project, split },
        specificationOf(words.critic),
        words.allowHost
      )
      const sent = preview ? criticPreviewText(preview) : 'The critic sends nothing anywhere.'
      if (words.dryRun) return terminal.answer({ critic: preview }, sent)
      if (input !== undefined && out === undefined)
        return command.error("error: required option '--out <file>' not specified")
      requireAllowed(preview)
      if (preview) terminal.note(sent)
      const { device, threads, spinning, fallback, cache, allowHost } = words
      const options = {
        ...{ device, threads, spinning, fallback },
        critic: specificationOf(words.critic),
        cacheFile: cache === undefined ? undefined : resolve(cache),
        allowedHosts: [...allowHost]
      }
      if (project !== undefined) {
        const found = await scoreProject(project, { ...options, split }, host)
        const { critic: id, version, stored, known, failed } = found
        return terminal.answer(
          found,
          `${stored} predictions of the ${id} critic ${version} were stored, ${known} were there already, ${failed} answers failed.`
        )
      }
      const found = await scoreFile(input ?? '', out ?? '', options, host)
      const { critic: id, version, answers, failed, seconds } = found
      terminal.answer(
        found,
        `The ${id} critic ${version} judged ${answers} answers in ${seconds.toFixed(1)} s; ${failed} failed.`
      )
    })
}

/** A folder by itself is a trained critic's. */
const specificationOf = (word: string): string =>
  !/^(rules|trained|llm):/.test(word) && existsSync(join(word, criticFiles.record)) ? `trained:${word}` : word

function trainText({ state, step, version, examples, best }: TrainCriticResult, dir: string): string {
  const { train, dev, test, dropped } = examples
  return [
    state === 'finished'
      ? `Critic ${version} is in ${dir}.`
      : `Stopped after step ${step}; --resume goes on from there.`,
    `${train} examples to train on, ${dev} to choose by, ${test} kept for testing, ${dropped} dropped.`,
    ...(best ? [`Best: step ${best.step}, ${best.metric} ${Number(best.value.toPrecision(4))}.`] : [])
  ].join('\n')
}
