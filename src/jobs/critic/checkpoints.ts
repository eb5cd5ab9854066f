import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { criticFiles, type CriticRecord, type CriticTraining } from '../../contract/critic-record'
import {
  latestCheckpoint,
  loadCheckpoint,
  pruneCheckpoints,
  saveCheckpoint,
  type Counters,
  type TrainingCheckpoint
} from '../../engine/checkpoint/training-checkpoint'
import { inState, outsideStep } from '../../engine/rl/not-a-number'
import { Failure } from '../../pipeline/failure'
import type { CriticFolder } from './folder'
import type { CriticLearner } from './learner'

/** What a checkpoint says besides its tensors. */
interface Notes extends Counters {
  readonly step: number
  /** SHA-256 of configuration, data, model and tokenizer: whose it is. */
  readonly of: string
  readonly best: CriticRecord['best'] | null
  readonly bestMetrics: CriticRecord['metrics']
  /** Evaluations since the best. */
  readonly waited: number
  /** Losses of the steps since the last evaluation. */
  readonly losses: readonly number[]
}

/** The checkpoints of a critic's training, and what it knows of its best: the latest and the best are kept. */
export class CriticCheckpoints {
  saved = 0
  best: CriticRecord['best'] | null = null
  bestMetrics: CriticRecord['metrics'] = {}
  private waited = 0
  private since: number[] = []
  /** The last evaluation is followed by another stretch of losses. */
  private closed = false

  private constructor(
    private readonly folder: CriticFolder,
    private found: TrainingCheckpoint | null
  ) {
    if (!found) return
    const { step, best, bestMetrics, waited, losses } = found.counters as Notes
    this.saved = step
    this.best = best
    this.bestMetrics = bestMetrics
    this.waited = waited
    this.since = [...losses]
  }

  /** Looks for the newest sound checkpoint. */
  static open(folder: CriticFolder): CriticCheckpoints {
    const place = folder.path(criticFiles.checkpoints)
    // What a killed writer left half-written takes room that the next checkpoint may need.
    pruneCheckpoints(place, Infinity)
    const found = latestCheckpoint(place)
    for (const { reason } of found?.skipped ?? []) folder.log(`a checkpoint was passed over: ${reason}`)
    return new CriticCheckpoints(folder, found)
  }

  /**
   * Puts the learner where the newest checkpoint left it.
   * @throws Failure run-not-resumable when it belongs to another training, or the best one is gone
   */
  restore(learner: CriticLearner): void {
    if (!this.found) return
    if ((this.found.counters as Notes).of !== this.signature())
      throw new Failure(
        'run-not-resumable',
        `The checkpoints in ${this.folder.dir} belong to another training: train a new critic.`
      )
    learner.restore(this.found)
    // The tensors belong to the learner now, which will replace them.
    this.found = null
  }

  load(step: number): TrainingCheckpoint {
    return loadCheckpoint(this.path(step))
  }

  /** Losses since the last evaluation, of which they are a part until the next step. */
  get losses(): readonly number[] {
    return this.since
  }

  see(loss: number): void {
    if (this.closed) this.since = []
    this.closed = false
    this.since.push(loss)
  }

  /** Notes the metrics of an evaluation. Of equals the earlier one stays. */
  judge(
    step: number,
    { metric, direction }: { readonly metric: string; readonly direction: 'highest' | 'lowest' },
    metrics: Readonly<Record<string, number>>
  ): void {
    const value = metrics[metric]
    const sign = direction === 'highest' ? 1 : -1
    this.waited++
    this.closed = true
    if (this.best !== null && sign * value <= sign * this.best.value) return
    this.best = { step, metric, value }
    const timeless = Object.entries(metrics).filter(([name]) => !/^(time\/|tokens_per_second)/.test(name))
    this.bestMetrics = Object.fromEntries(timeless)
    this.waited = 0
  }

  /** Whether so many evaluations have brought nothing better. */
  exhausted(patience: CriticTraining['patience']): boolean {
    return patience !== null && this.waited >= patience
  }

  /** @throws EngineFailure not-a-number rather than write a tensor that holds one; disk-full, read-only */
  save(learner: CriticLearner, step: number): void {
    this.folder.flush()
    const { state, lora } = learner.snapshot()
    if (inState(state) !== null) throw outsideStep(`The checkpoint of step ${step} was not written`, state)
    const { best, bestMetrics, waited } = this
    const losses = this.closed ? [] : this.since
    const counters: Notes = { step, of: this.signature(), best, bestMetrics, waited, losses }
    const { base } = this.folder.training.configuration
    saveCheckpoint(this.path(step), { state, lora, counters }, base)
    this.saved = step
    pruneCheckpoints(this.folder.path(criticFiles.checkpoints), 1, best ? [best.step] : [])
  }

  private path(step: number): string {
    return this.folder.path(join(criticFiles.checkpoints, String(step)))
  }

  private signature(): string {
    const { configuration, dataSha256, hashes } = this.folder.training
    const { device: _device, ...settings } = configuration
    const whose = JSON.stringify({ settings, dataSha256, hashes })
    return createHash('sha256').update(whose).digest('hex')
  }
}
