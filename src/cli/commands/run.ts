import { userInfo } from 'node:os'
import { Option, type Command } from 'commander'
import { previewRunOf, requireAllowed } from '../../app/critics/preview'
import { configDifferences } from '../../app/runs/compare'
import { readRunConfig } from '../../app/runs/config-file'
import { readRunDetail, readRunView, tellRun } from '../../app/runs/folder'
import { requireFits } from '../../app/runs/memory'
import { listRunsOf, noteRunOf, planRunOf, startRunOf } from '../../app/runs/project'
import { resumableRun } from '../../app/runs/runs'
import { deviceNames } from '../../contract/run-config'
import { allowHostOption, collect } from '../critic-options'
import { criticPreviewText } from '../critic-preview-text'
import { gpuPackOption } from '../device-options'
import { hostJob } from '../job-host'
import { planText, runAnswer, runText } from '../run-answer'
import type { Terminal } from '../terminal'
import { progressLine } from './project'

interface StartWords {
  readonly project?: string
  readonly config: string
  readonly out?: string
  readonly dryRun?: boolean
  readonly overMemory?: boolean
  readonly overrideGate?: string
  readonly set: readonly string[]
  readonly seed?: string
  readonly device?: string
  readonly fallback?: string
  readonly threads?: string
  readonly allowHost: readonly string[]
}

/** Training runs. A run's folder is its truth; every command but `start` and `list` needs nothing else. */
export function registerRunCommands(program: Command, terminal: Terminal): void {
  const run = program.command('run').description('train, look at a run, stop it, take it up again')
  const answer = (dir: string): void => terminal.answer(runAnswer(dir), runText(runAnswer(dir)))

  gpuPackOption(run.command('start'))
    .description('train in a new run folder; Ctrl-C stops after the step, with a checkpoint')
    .option('--project <file>', 'the project that answers or prompts come from')
    .requiredOption('--config <file>', 'run.json: also that of an earlier run, which repeats it')
    .option('--out <dir>', 'the run folder, which must be new or empty')
    .option('--dry-run', 'say what would train, and write nothing')
    .option(
      '--set <key=value>',
      'set a key of the configuration, such as optimizer.learningRate=1e-4',
      collect,
      []
    )
    .addOption(new Option('--device <name>', 'the same as --set device=NAME').choices([...deviceNames]))
    .addOption(new Option('--fallback <name>', 'compute there if the device cannot be used').choices(['cpu']))
    .option('--threads <n>', 'the same as --set threads=N')
    .option('--over-memory', 'start even if the estimate says that this machine has too little memory')
    .option(
      '--override-gate <reason>',
      'train on a critic that has not passed; who, when and why go into run.json'
    )
    .option('--seed <n>', 'the same as --set seed=N')
    .addOption(allowHostOption())
    .action(async (words: StartWords, command: Command) => {
      const { set, seed, device, fallback, threads } = words
      const given = Object.entries({ seed, device, fallback, threads }).filter(
        ([, value]) => value !== undefined
      )
      const settings = [...set, ...given.map(([key, value]) => `${key}=${value}`)]
      const config = readRunConfig(words.config, settings)
      const project = words.project ?? null
      const plan = await planRunOf(project, config)
      const preview = await previewRunOf(project, plan.config, words.allowHost)
      const sent = preview ? `${criticPreviewText(preview)}\n` : ''
      if (words.dryRun) return terminal.answer({ ...plan, critic: preview }, sent + planText(plan))
      if (words.out === undefined) return command.error("error: required option '--out <dir>' not specified")
      if (!words.overMemory) requireFits(plan.memory)
      requireAllowed(preview)
      if (sent) terminal.note(sent.trimEnd())
      const reason = words.overrideGate?.trim()
      const override = reason ? { person: userInfo().username || 'command line', reason } : undefined
      const { dir } = startRunOf(project, plan.config, words.out, override)
      await train(dir, terminal, words.allowHost).finally(() => noteRunOf(project, dir))
      answer(dir)
    })

  run
    .command('stop')
    .description('stop after the step that is going on, with a checkpoint')
    .argument('<dir>', 'the run folder')
    .action(async (dir: string) => {
      tellRun(dir, 'stop')
      await settled(dir, terminal)
      answer(dir)
    })

  gpuPackOption(run.command('resume'))
    .description('take a run up again from its last checkpoint')
    .argument('<dir>', 'the run folder')
    .addOption(allowHostOption())
    .action(async (dir: string, { allowHost }: Pick<StartWords, 'allowHost'>) => {
      await train(resumableRun(dir).dir, terminal, allowHost)
      answer(dir)
    })

  run
    .command('show')
    .description('how a run stands, and the metrics of its last step')
    .argument('<dir>', 'the run folder')
    .action((dir: string) => answer(dir))

  run
    .command('list')
    .description('the runs of a project, newest first')
    .requiredOption('--project <file>', 'the project')
    .action(({ project }: { project: string }) => {
      const runs = listRunsOf(project).map(({ dir }) => runAnswer(dir))
      const lines = runs.map(
        ({ name, state, step, steps, dir }) => `${name}: ${state}, ${step} of ${steps}  ${dir}`
      )
      terminal.answer({ runs }, lines.length > 0 ? lines.join('\n') : 'No runs yet.')
    })

  run
    .command('compare')
    .description('runs side by side: where their settings differ, and the metrics of their last steps')
    .argument('<dirs...>', 'run folders')
    .action((dirs: string[]) => {
      const differences = configDifferences(dirs.map((dir) => readRunDetail(dir)))
      const runs = dirs.map(runAnswer)
      const names = [...new Set(runs.flatMap(({ metrics }) => Object.keys(metrics)))]
      const lines = [
        ...Object.entries(differences).map(
          ([key, values]) => `${key}: ${values.map((value) => JSON.stringify(value)).join(' | ')}`
        ),
        ...names.map(
          (name) =>
            `${name}: ${runs.map(({ metrics }) => inDigits((metrics as Record<string, number>)[name])).join(' | ')}`
        )
      ]
      terminal.answer({ runs, differences }, [runs.map(({ name }) => name).join(' | '), ...lines].join('\n'))
    })
}

const inDigits = (value: number | undefined): string =>
  value === undefined ? '–' : String(Number(value.toPrecision(4)))

const train = (runDir: string, terminal: Terminal, allowHost: readonly string[]): Promise<unknown> =>
  hostJob(
    { kind: 'train', runDir, allowedHosts: [...allowHost] },
    { signal: terminal.signal, onProgress: progressLine(terminal) }
  )

/** Milliseconds between two looks at a run that was told to stop. */
const LOOK_EVERY = 200

/** Until the job has done what it was told, or has died. */
async function settled(dir: string, terminal: Terminal): Promise<void> {
  const going = (): boolean => ['running', 'paused'].includes(readRunView(dir).state)
  while (going() && !terminal.signal.aborted) await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY))
}
