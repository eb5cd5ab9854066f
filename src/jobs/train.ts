import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { toFailure } from '../contract/errors'
import { runFiles } from '../contract/run-record'
import { saveModelFolder } from '../engine/checkpoint/export-model'
import { saveAdapter } from '../engine/checkpoint/peft'
import {
  latestCheckpoint,
  pruneCheckpoints,
  saveCheckpoint,
  type TrainingCheckpoint
} from '../engine/checkpoint/training-checkpoint'
import { Failure } from '../pipeline/failure'
import { breathe, ProgressMeter, sleep, type JobContext } from './context'
import { RunFolder } from './run-folder'
import { openAnnotatedLoop } from './train-annotated'
import { openRolloutsLoop } from './train-rollouts'
import type { TrainingLoop } from './training-loop'

export interface TrainResult {
  readonly state: 'finished' | 'stopped'
  readonly step: number
  readonly adapter: string | null
  readonly checkpoint: string | null
}

/**
 * Starts or resumes a run and carries it to its end, a stop or a failure. Metrics and samples are written at every
 * step, checkpoints every `checkpointEvery` steps and at a stop; a resumed run throws away what was written past its
 * checkpoint and does those steps again, bit for bit.
 */
export async function train(runDir: string, context: JobContext): Promise<TrainResult> {
  const folder = RunFolder.open(runDir)
  const { config } = folder
  const checkpoints = folder.path(runFiles.checkpoints)
  const progress = { done: folder.status()?.step ?? 0, total: config.steps, unit: 'steps' }
  let step = progress.done
  let saved = 0
  try {
    folder.pinData()
    folder.say({ state: 'running', step, error: null })
    context.emit({ kind: 'progress', progress: { ...progress, note: 'loading the model' } })
    const loop =
      config.source === 'rollouts' ? await openRolloutsLoop(folder) : await openAnnotatedLoop(folder)
    const found = latestCheckpoint(checkpoints)
    for (const { reason } of found?.skipped ?? []) folder.log(`a checkpoint was passed over: ${reason}`)
    step = saved = found ? restore(loop, found) : 0
    folder.rewindTo(step)
    folder.log(step > 0 ? `resumed after step ${step}` : 'started')

    const save = (): void => {
      folder.flush()
      const { state, lora, counters } = loop.snapshot()
      const checkpoint = { state, lora, counters: { ...counters, step } }
      saveCheckpoint(join(checkpoints, String(step)), checkpoint, config.model)
      pruneCheckpoints(checkpoints, config.keep)
      saved = step
    }
    const meter = new ProgressMeter(context, config.steps, 'steps')
    meter.tell(step)
    while (step < config.steps) {
      if ((await nextWord(folder, context, step)) === 'stop') {
        if (saved !== step) save()
        return end(folder, 'stopped', step)
      }
      const { metrics, samples, alarm } = await loop.step(step + 1)
      step++
      folder.appendMetrics({ step, ...metrics })
      folder.appendSamples(samples)
      folder.say({ state: 'running', step, error: null })
      if (step % config.checkpointEvery === 0 || step === config.steps || alarm) save()
      if (alarm) throw alarm
      meter.tell(step)
    }
    exportTrained(folder, loop.snapshot())
    return end(folder, 'finished', step)
  } catch (thrown) {
    const { code, message } = toFailure(thrown)
    const kept = saved > 0 ? `the checkpoint of step ${saved} is kept` : 'no checkpoint had been written'
    const error = { code, message: `${message} (After step ${step} of ${config.steps}; ${kept}.)` }
    try {
      folder.log(`failed with ${code} after step ${step}`)
      folder.say({ state: 'failed', step, error })
    } catch {
      // The disk that the failure is about: the host tells it, and the folder will look interrupted.
    }
    throw Object.assign(new Error(error.message, { cause: thrown }), { code })
  }
}

/** @returns the step that the checkpoint was written after */
function restore(loop: TrainingLoop, checkpoint: TrainingCheckpoint): number {
  const { step } = checkpoint.counters
  if (typeof step !== 'number')
    throw new Failure('run-not-resumable', 'The checkpoint does not name its step.')
  loop.restore(checkpoint)
  return step
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

/** Hears what came in while the last step was computed, and sleeps while the run is paused. */
async function nextWord(folder: RunFolder, context: JobContext, step: number): Promise<'go' | 'stop'> {
  let paused = false
  for (;;) {
    await breathe()
    const word = context.takeControl() ?? folder.takeControl()
    if (word === 'stop') return 'stop'
    if (word === 'pause' && !paused) {
      paused = true
      folder.say({ state: 'paused', step, error: null })
      const progress = { done: step, total: folder.config.steps, unit: 'steps', note: 'paused' }
      context.emit({ kind: 'progress', progress })
    }
    if (word === 'continue' && paused) {
      paused = false
      folder.say({ state: 'running', step, error: null })
    }
    if (!paused) return 'go'
    await sleep(100)
  }
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
