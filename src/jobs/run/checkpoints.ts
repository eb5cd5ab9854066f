import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { runFiles } from '../../contract/run-record'
import {
  latestCheckpoint,
  pruneCheckpoints,
  saveCheckpoint,
  type FoundCheckpoint
} from '../../engine/checkpoint/training-checkpoint'
import { inState, outsideStep } from '../../engine/rl/not-a-number'
import { BestSoFar, bestRule } from './best-checkpoint'
import type { RunFolder } from './folder'
import { writeWhole } from '../../files/atomic-file'
import { nextStep, readNotes, requireSameConfig, requireSameHashes, requireSameNext } from './notes'
import type { RunNotes } from './notes'
import type { TrainingLoop } from './loop'

/** The checkpoints of a run: found and checked when it is taken up, written as it goes, the latest and the best kept. */
export class RunCheckpoints {
  /** Step of the last sound checkpoint; 0 when there is none. */
  saved = 0
  private readonly best: BestSoFar

  private constructor(
    private readonly folder: RunFolder,
    private found: (FoundCheckpoint & { readonly notes: RunNotes }) | null
  ) {
    this.saved = found?.notes.step ?? 0
    const best = found?.notes.best ?? null
    // One that was removed since then can be the best no longer.
    const there = best && existsSync(this.path(best.step)) ? best : null
    this.best = new BestSoFar(bestRule(folder.config), there)
  }

  /**
   * Looks for the newest sound checkpoint and whose it is, before anything large is opened.
   * @throws Failure run-not-resumable, naming the setting that changed
   */
  static open(folder: RunFolder): RunCheckpoints {
    const checkpoints = folder.path(runFiles.checkpoints)
    // What a killed writer left half-written takes room that the next checkpoint may need.
    pruneCheckpoints(checkpoints, Infinity)
    const found = latestCheckpoint(checkpoints)
    for (const { reason } of found?.skipped ?? []) folder.log(`a checkpoint was passed over: ${reason}`)
    if (!found) return new RunCheckpoints(folder, null)
    const notes = readNotes(found.counters)
    requireSameConfig(folder.config, notes.run.config)
    return new RunCheckpoints(folder, { ...found, notes })
  }

  /** The folder of a step's checkpoint. */
  path(step: number): string {
    return this.folder.path(join(runFiles.checkpoints, String(step)))
  }

  /**
   * Puts the loop where the checkpoint left it. @returns the step, 0 for a run that begins
   * @throws Failure run-not-resumable, naming what is not as it was
   */
  restore(loop: TrainingLoop): number {
    if (!this.found) return 0
    const { notes, state, lora } = this.found
    requireSameHashes(this.folder.resolved.hashes, notes.run.hashes)
    requireSameNext(this.next(loop, notes.step), notes.next)
    loop.restore({ state, lora, counters: notes.loop })
    // The tensors belong to the loop now, which will replace them.
    this.found = null
    return notes.step
  }

  /** Notes the metrics of a step. */
  see(metrics: Readonly<Record<string, number>>): void {
    this.best.see(metrics)
  }

  /**
   * Writes the checkpoint of `step`, then removes what is neither among the latest nor the best.
   * @throws EngineFailure not-a-number rather than write a tensor that holds one; disk-full, read-only
   */
  save(loop: TrainingLoop, step: number): void {
    const { config, resolved } = this.folder
    this.folder.flush()
    const { state, lora, counters } = loop.snapshot()
    if (inState(state) !== null) throw outsideStep(`The checkpoint of step ${step} was not written`, state)
    const best = this.best.close(step)
    const run = { config, hashes: resolved.hashes }
    const notes: RunNotes = { step, run, next: this.next(loop, step), best, loop: counters }
    saveCheckpoint(this.path(step), { state, lora, counters: { ...notes } }, config.model)
    this.saved = step
    if (best) writeWhole(this.folder.path(runFiles.best), JSON.stringify(best))
    pruneCheckpoints(this.folder.path(runFiles.checkpoints), config.keep, best ? [best.step] : [])
  }

  private next(loop: TrainingLoop, step: number): RunNotes['next'] {
    return nextStep(loop.plan(step + 1), this.folder.config.seed, step + 1)
  }
}
