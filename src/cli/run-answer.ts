import { bestCheckpointOf, finalAdapter, latestCheckpoint, readMetrics, readRunView } from '../app/runs/folder'
import type { RunPlan } from '../contract/ipc'
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
  readonly error: { readonly code: string; readonly message: string } | null
}

export function runAnswer(dir: string): RunAnswer {
  const { dir: folder, name, state, step, steps, error } = readRunView(dir)
  const metrics = readMetrics(folder, Math.max(0, step - 1)).at(-1) ?? {}
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
    error
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
  error
}: RunAnswer): string {
  const numbers = Object.entries(metrics).map(
    ([metric, value]) => `  ${metric}  ${Number(value.toPrecision(5))}`
  )
  return [
    `${name}: ${state} at step ${step} of ${steps}`,
    ...(error ? [`  ${error.message} [${error.code}]`] : []),
    ...numbers,
    ...(adapter ? [`  adapter: ${adapter}`] : []),
    ...(checkpoint ? [`  checkpoint: ${checkpoint}`] : []),
    ...(best ? [`  best: ${best.dir} (${best.metric} ${Number(best.value.toPrecision(5))})`] : [])
  ].join('\n')
}

export function planText(plan: RunPlan): string {
  const { spans, config } = plan
  const time = plan.estimatedSeconds === null ? 'unknown' : `about ${duration(plan.estimatedSeconds)}`
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
    `about ${Math.round(plan.memoryBytes / 1e6)} MB of memory, ${time}`,
    'Nothing was written.'
  ].join('\n')
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} seconds`
  return seconds < 5400 ? `${Math.round(seconds / 60)} minutes` : `${(seconds / 3600).toFixed(1)} hours`
}
