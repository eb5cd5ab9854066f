import {
  bestCheckpointOf,
  finalAdapter,
  latestCheckpoint,
  readMetrics,
  readRunRecord,
  readRunView
} from '../app/runs/folder'
import { criticFailures, failuresText, type CriticFailures } from '../app/runs/failures'
import type { CriticGate } from '../contract/critic-gate'
import type { RunDevice, RunPlan } from '../contract/ipc'
import type { MetricsRow } from '../contract/job'

/** What every command about a run prints. `metrics` are those of the last step. */
export interface RunAnswer {
  readonly dir: string
  readonly name: string
  readonly state: string
  readonly step: number
  readonly steps: number
  readonly metrics: MetricsRow | Record<string, never>
  readonly adapter: string | null
  readonly checkpoint: string | null
  /** The best checkpoint, kept besides the latest ones. */
  readonly best: ReturnType<typeof bestCheckpointOf>
  /** What it was computed on, and in place of what; null before it has begun. */
  readonly device: RunDevice | null
  /** What the gate said of its critic, and who overrode it; null where people alone are. */
  readonly criticGate: CriticGate | null
  readonly error: { readonly code: string; readonly message: string } | null
  /** Answers that had no part in any step so far. */
  readonly criticFailures: CriticFailures
}

export function runAnswer(dir: string): RunAnswer {
  const { dir: folder, name, state, step, steps, error } = readRunView(dir)
  const { resolved, config } = readRunRecord(folder)
  const all = readMetrics(folder, 0)
  const metrics = all.at(-1) ?? {}
  return {
    dir: folder,
    name,
    state,
    step,
    steps,
    metrics,
    adapter: finalAdapter(folder),
    checkpoint: latestCheckpoint(folder),
    best: bestCheckpointOf(folder),
    device: resolved.device ?? null,
    criticGate: resolved.criticGate ?? null,
    error,
    criticFailures: criticFailures(config, all)
  }
}

export function runText({
  name,
  state,
  step,
  steps,
  metrics,
  adapter,
  checkpoint,
  best,
  device,
  criticGate,
  error,
  criticFailures: failed
}: RunAnswer): string {
  const numbers = Object.entries(metrics).map(
    ([metric, value]) => `  ${metric}  ${Number(value.toPrecision(5))}`
  )
  const failures = failuresText(failed)
  return [
    `${name}: ${state} at step ${step} of ${steps}`,
    ...(failures ? [`  ${failures}`] : []),
    ...(error ? [`  ${error.message} [${error.code}]`] : []),
    ...(device?.insteadOf
      ? [`  computed on ${device.name} instead of ${device.insteadOf}: ${device.reason}`]
      : []),
    ...(criticGate ? gateLines(criticGate) : []),
    ...numbers,
    ...(adapter ? [`  adapter: ${adapter}`] : []),
    ...(checkpoint ? [`  checkpoint: ${checkpoint}`] : []),
    ...(best ? [`  best: ${best.dir} (${best.metric} ${Number(best.value.toPrecision(5))})`] : [])
  ].join('\n')
}

function gateLines({ passed, because, override }: CriticGate): string[] {
  return [
    `  critic: ${passed ? 'may train' : 'has not passed'}. ${because}`,
    ...(override ? [`  overridden by ${override.person} on ${override.at}: ${override.reason}`] : [])
  ]
}

export function planText(plan: RunPlan): string {
  const { spans, config } = plan
  const data =
    config.source === 'rollouts'
      ? [`${plan.prompts} prompts, ${config.batch} answers a step, ${config.steps} steps`]
      : [
          `${plan.answers} answers to train on, ${plan.heldOut} held out`,
          `${spans.good} good, ${spans.poor} poor and ${spans.neutral} neutral spans`,
          `${plan.tokensRewarded} of ${plan.tokens} tokens rewarded, ${plan.unaligned} spans without a token`
        ]
  return [
    ...data,
    ...plan.dropped.map(({ reason, count }) => `${count} dropped: ${reason}`),
    ...memoryLines(plan.memory),
    ...(plan.memory.budget === null ? [] : [choiceLine(plan)]),
    'Time: known from the first step on; it is not guessed.',
    'Nothing was written.'
  ].join('\n')
}

const choiceLine = ({ config, memory }: RunPlan): string =>
  `Chosen for ${megabytes(memory.budget ?? 0)}: memory ${config.memory}, ` +
  (config.microBatch === null ? 'a whole step at once' : `microBatch ${config.microBatch}`)

function memoryLines({ total, machine, fits, advice, ...parts }: RunPlan['memory']): string[] {
  const { program, weights, trained, optimizer, results, sessions } = parts
  const named = [...new Set(sessions.map(({ name }) => name))].map((name) => {
    const own = sessions.filter((session) => session.name === name)
    return [name, own.reduce((sum, one) => sum + one.weights + one.activations + one.cache, 0)] as const
  })
  const list = [
    ['the program', program],
    ['the model', weights],
    ['what is trained', trained],
    ['the optimiser', optimizer],
    ['results on their way', results],
    ...named
  ] as const
  return [
    `${megabytes(total)} of memory of ${megabytes(machine)}: ` +
      list.map(([name, bytes]) => `${name} ${megabytes(bytes)}`).join(', '),
    ...(fits
      ? []
      : ['That does not fit, and start will refuse it unless told --over-memory. Less would take:']),
    ...advice.map(
      ({ change, bytes, fits: enough }) =>
        `  ${change}: ${megabytes(bytes)}${enough ? '' : ', still too much'}`
    )
  ]
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`
