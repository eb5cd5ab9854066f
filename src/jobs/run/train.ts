import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { toFailure } from '../../contract/errors'
import { Failure } from '../../pipeline/failure'
import { runFiles } from '../../contract/run-record'
import { saveModelFolder } from '../../engine/checkpoint/export-model'
import { saveAdapter } from '../../engine/checkpoint/peft'
import type { TrainingCheckpoint } from '../../engine/checkpoint/training-checkpoint'
import { outsideStep } from '../../engine/rl/not-a-number'
import { ProgressMeter, type JobContext } from '../context'
import { Loading, Stopped } from '../loading'
import { nextWord } from '../next-word'
import { RunCheckpoints } from './checkpoints'
import { RunFolder } from './folder'
import { openAnnotatedLoop } from './annotated'
import { openRolloutsLoop } from './rollouts'
import type { StepResult, TrainingLoop } from './loop'

export interface TrainResult {
  readonly state: 'finished' | 'stopped'
  readonly step: number
  readonly adapter: string | null
  readonly checkpoint: string | null
}

/**
 * Starts or resumes a run and carries it to its end, a stop or a failure. Metrics and samples are written at every
 * step, checkpoints every `checkpointEvery` steps and at a stop; a resumed run throws away what was written past its
 * checkpoint and does those steps again, bit for bit. A stop while the model loads leaves the run as it was.
 * @throws Failure trainer-busy when somebody else works in the folder, which is left as it is then
 */
export function train(
  runDir: string,
  host: JobContext,
  allowedHosts: readonly string[] = []
): Promise<TrainResult> {
  return RunFolder.alone(
    () => RunFolder.open(runDir, allowedHosts),
    (folder) => trainIn(folder, host)
  )
}

async function trainIn(folder: RunFolder, host: JobContext): Promise<TrainResult> {
  const { config } = folder
  const context = new Loading(
    host,
    () => new Stopped(),
    () => folder.takeControl()
  )
  let step = folder.status()?.step ?? 0
  let checkpoints: RunCheckpoints | null = null
  try {
    requireChosenMemory(folder)
    checkpoints = RunCheckpoints.open(folder)
    step = checkpoints.saved
    folder.pinData()
    folder.say({ state: 'running', step, error: null })
    const progress = { done: step, total: config.steps, unit: 'steps', note: 'loading the model' }
    context.emit({ kind: 'progress', progress })
    const open = config.source === 'rollouts' ? openRolloutsLoop : openAnnotatedLoop
    const loop = await unlessStopped(() => open(folder, context.between))
    if (loop === 'stopped') return end(folder, 'stopped', step)
    context.done()
    checkpoints.restore(loop)
    folder.rewindTo(step)
    folder.log(step > 0 ? `resumed after step ${step}` : 'started')

    const meter = new ProgressMeter(context, config.steps, 'steps')
    meter.tell(step)
    const listen = async (): Promise<void> => {
      if ((await nextWord(folder, context, { step, total: config.steps })) === 'stop') throw new Stopped()
    }
    while (step < config.steps) {
      const result = await unlessStopped(async () => {
        await listen()
        return loop.step(step + 1, listen)
      })
      if (result === 'stopped') {
        if (checkpoints.saved !== step) checkpoints.save(loop, step)
        return end(folder, 'stopped', step)
      }
      const { metrics, samples, alarm } = result
      requireNumbers(metrics, loop)
      step++
      checkpoints.see(metrics)
      folder.appendMetrics({ step, ...metrics })
      folder.appendSamples(samples)
      folder.say({ state: 'running', step, error: null })
      if (step % config.checkpointEvery === 0 || step === config.steps || alarm) checkpoints.save(loop, step)
      if (alarm) throw alarm
      meter.tell(step)
    }
    exportTrained(folder, loop.snapshot())
    return end(folder, 'finished', step)
  } catch (thrown) {
    const { code, message } = toFailure(thrown)
    const error = { code, message: `${message} (${whereItStands(step, config.steps, checkpoints)})` }
    try {
      folder.log(`failed with ${code} after step ${step}`)
      folder.say({ state: 'failed', step, error })
    } catch {
      // The disk that the failure is about: the host tells it, and the folder will look interrupted.
    }
    throw Object.assign(new Error(error.message, { cause: thrown }), { code })
  }
}

/** A run starts from its plan, which puts what `auto` comes to into run.json. @throws Failure bad-configuration */
function requireChosenMemory({ config, dir }: RunFolder): void {
  if (config.memory === 'auto')
    throw new Failure(
      'bad-configuration',
      `${join(dir, runFiles.record)} says memory "auto", which only starting a run can work out: put "fast" or "frugal" back, or start a new run from it.`
    )
}

/** Also in the midst of a rollout: the step is not taken, and a resumed run does it from its beginning. */
async function unlessStopped<T>(work: () => Promise<T>): Promise<T | 'stopped'> {
  try {
    return await work()
  } catch (thrown) {
    if (thrown instanceof Stopped) return 'stopped'
    throw thrown
  }
}

/** What a person can go on from. */
function whereItStands(step: number, steps: number, checkpoints: RunCheckpoints | null): string {
  const saved = checkpoints?.saved ?? 0
  const kept =
    checkpoints && saved > 0
      ? `the last good checkpoint is that of step ${saved}, ${checkpoints.path(saved)}`
      : 'no checkpoint had been written'
  return `${step} of ${steps} steps are done; ${kept}.`
}

/** A step whose numbers are none is not written down. @throws EngineFailure not-a-number */
function requireNumbers(metrics: StepResult['metrics'], loop: TrainingLoop): void {
  const name = Object.keys(metrics).find((metric) => !Number.isFinite(metrics[metric]))
  if (name !== undefined) throw outsideStep(`The metric ${name} is ${metrics[name]}`, loop.snapshot().state)
}

/** What was trained, as other tools read it: an adapter in PEFT's layout, or a whole model. */
function exportTrained(folder: RunFolder, { state, lora }: TrainingCheckpoint): void {
  const dir = folder.path(runFiles.adapter)
  const { model: baseModel } = folder.config
  if (lora) return saveAdapter(dir, { lora, parameters: state.parameters, baseModel })
  // Our own folder: what an earlier end of this run left there is the same model.
  rmSync(dir, { recursive: true, force: true })
  saveModelFolder(dir, { source: baseModel, parameters: state.parameters })
}

function end(folder: RunFolder, state: 'finished' | 'stopped', step: number): TrainResult {
  folder.log(`${state} after step ${step}`)
  folder.say({ state, step, error: null })
  const checkpoint = folder.path(join(runFiles.checkpoints, String(step)))
  const adapter = folder.path(runFiles.adapter)
  return {
    state,
    step,
    adapter: existsSync(adapter) ? adapter : null,
    checkpoint: existsSync(checkpoint) ? checkpoint : null
  }
}
