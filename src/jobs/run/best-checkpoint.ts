import type { RunConfig } from '../../contract/run-config'
import type { BestCheckpoint } from '../../contract/run-record'

/**
 * Finds the best checkpoint by the metric that the run declares. One step's metric is mostly noise, so a checkpoint's
 * value is the mean over the steps since the one before it; a stretch in which the metric was never measured has none,
 * and of equals the earlier one stays.
 */
export class BestSoFar {
  private sum = 0
  private count = 0

  constructor(
    private readonly rule: { readonly metric: string; readonly direction: 'highest' | 'lowest' } | null,
    private best: BestCheckpoint | null = null
  ) {}

  see(metrics: Readonly<Record<string, number>>): void {
    const value = this.rule ? metrics[this.rule.metric] : undefined
    if (value === undefined) return
    this.sum += value
    this.count++
  }

  /** Ends a stretch with the checkpoint of `step`. @returns the best checkpoint there is then */
  close(step: number): BestCheckpoint | null {
    if (this.rule && this.count > 0) {
      const value = this.sum / this.count
      const sign = this.rule.direction === 'highest' ? 1 : -1
      if (this.best === null || sign * value > sign * this.best.value)
        this.best = { step, metric: this.rule.metric, value }
    }
    this.sum = this.count = 0
    return this.best
  }
}

const automatic = { rollouts: 'reward/mean', annotated: 'heldout/gap' } as const

/** The rule of a run, with `auto` put into a metric's name; null when it keeps none. */
export function bestRule({ best, source }: Pick<RunConfig, 'best' | 'source'>) {
  return best && { ...best, metric: best.metric === 'auto' ? automatic[source] : best.metric }
}
