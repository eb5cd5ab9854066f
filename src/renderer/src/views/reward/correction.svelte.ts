import type { FailureValue } from '../../../../contract/errors'
import type { AnnotationChange, AnnotationView, ResponseView } from '../../../../contract/ipc'
import { wordOffsets } from '../../../../pipeline/reward/critic-quality/answer'
import { router } from '../../state/router.svelte'
import { announcer } from '../../state/status.svelte'
import { ask, load } from '../../state/studio'
import { decidedMarks, readings, type DecidedMark, type Decision } from './decided-marks'

export const decisionWords: Readonly<Record<Decision, string>> = {
  undecided: 'Not decided yet',
  accepted: '✓ Accepted',
  edited: '✎ Edited',
  rejected: '✕ Rejected'
}

/**
 * One prediction of a critic, gone through mark by mark. Every decision is saved as it is made and can be undone; what
 * has been decided stands in the person's annotation, so that it is there again when the answer is opened again.
 */
export class Correction {
  answer = $state.raw<ResponseView>()
  error = $state.raw<FailureValue>()
  /** Which mark has the keys. */
  place = $state(0)
  private own = $state.raw<AnnotationView>()

  constructor(
    private readonly responseId: string,
    private readonly version: () => string | null
  ) {}

  async read(): Promise<void> {
    const loaded = await load('annotate.open', { responseId: this.responseId })
    this.error = loaded.state === 'failed' ? loaded.error : undefined
    this.answer = loaded.state === 'ready' ? loaded.value : undefined
    this.own = this.answer?.annotations.find(({ mine }) => mine)
  }

  /** The annotation of the critic at its version: its person is named after it. */
  predicted = $derived.by(() => {
    const version = this.version()
    return this.answer?.annotations.find(
      ({ kind, person }) => kind === 'model' && version !== null && person.endsWith(` ${version}`)
    )
  })

  marks = $derived(this.predicted ? decidedMarks(this.predicted, this.own) : [])
  current = $derived<DecidedMark | undefined>(this.marks[this.place])
  undecided = $derived(this.marks.filter(({ decision }) => decision === 'undecided').length)
  submitted = $derived(this.own?.status === 'submitted')
  /** What others said of the answer. */
  others = $derived(readings(this.answer?.annotations ?? []).filter(({ mine }) => !mine))
  /** The person's own words on the answer. */
  critique = $derived(this.own?.critique ?? '')

  step(by: number): void {
    this.place = Math.max(0, Math.min(this.marks.length - 1, this.place + by))
  }

  /** As it stands; a mark that was rejected comes back as it last stood. */
  accept(place = this.place): void {
    const mark = this.marks[place]
    if (mark) void this.apply({ type: 'take-span', spanId: mark.spanId })
  }

  reject(place = this.place): void {
    const mark = this.there(place)
    if (mark) void this.apply({ type: 'remove-span', spanId: mark.spanId })
  }

  flip(place = this.place): void {
    const mark = this.there(place)
    if (!mark) return
    const polarity = mark.polarity === 'poor' ? 'good' : 'poor'
    void this.apply({ type: 'set-polarity', spanId: mark.spanId, polarity })
  }

  /** To the end of the next word, or of the one before. */
  moveEnd(by: 1 | -1, place = this.place): void {
    const mark = this.there(place)
    if (!mark || !this.answer) return
    const ends = wordOffsets(this.answer.text).map(([, end]) => end)
    const end = by > 0 ? ends.find((one) => one > mark.end) : ends.filter((one) => one < mark.end).at(-1)
    if (end === undefined || end <= mark.start) return
    const { spanId, start } = mark
    void this.apply({ type: 'move-span', spanId, start, end })
  }

  /** The critic's words in place of the person's own. */
  takeWords(): void {
    const critique = this.predicted?.critique ?? ''
    if (critique !== '' && critique !== this.critique) void this.apply({ type: 'set-critique', critique })
  }

  async submit(): Promise<void> {
    if (!this.predicted || this.undecided > 0 || this.submitted) return
    const { annotationId: agreesWith } = this.predicted
    await this.apply({ type: 'set-status', status: 'submitted', agreesWith })
  }

  /** The person's last step, wherever it was. */
  async travel(direction: 'undo' | 'redo'): Promise<void> {
    const done = await ask(`annotate.${direction}`, undefined)
    if (!done) return
    announcer.say(done.responseId === null ? done.what : `${direction}: ${done.what}`)
    if (done.responseId === this.responseId) await this.read()
    else if (done.responseId !== null) router.go({ view: 'annotate', responseId: done.responseId })
  }

  private there(place: number): DecidedMark | undefined {
    const mark = this.marks[place]
    return mark?.decision === 'rejected' ? undefined : mark
  }

  private async apply(change: AnnotationChange): Promise<void> {
    const own = await ask('annotate.apply', { responseId: this.responseId, change })
    if (own) this.own = own
  }
}
