import type { FailureValue } from '../../../../contract/errors'
import type { RunDetail } from '../../../../contract/ipc'
import { runs } from '../../state/runs.svelte'
import { call } from '../../state/studio'
import { isGoing } from './run-words'

/** One run as it goes on: its metrics are read from the step that is known, whenever it has got further. */
export class RunWatch {
  detail = $state.raw<RunDetail>()
  error = $state.raw<FailureValue>()
  private reading = false

  constructor(readonly runId: string) {}

  run = $derived.by(() => runs.find(this.runId) ?? this.detail?.run)

  async read(): Promise<void> {
    if (this.reading) return
    this.reading = true
    const known = this.detail?.metrics ?? []
    const fromStep = (known.at(-1)?.step ?? -1) + 1
    const outcome = await call('runs.show', { runId: this.runId, fromStep })
    this.reading = false
    if (!outcome.ok) {
      this.error = outcome.error
      return
    }
    this.error = undefined
    const fresh = outcome.value.metrics.filter(({ step }) => step >= fromStep)
    const metrics = fresh.length > 0 || !this.detail ? [...known, ...fresh] : this.detail.metrics
    this.detail = { ...outcome.value, metrics }
    // What the folder says now is newer than the last event, unless an event has told of progress since.
    const seen = runs.find(this.runId)
    if (!seen || !isGoing(seen) || !isGoing(outcome.value.run)) runs.put(outcome.value.run)
  }
}
