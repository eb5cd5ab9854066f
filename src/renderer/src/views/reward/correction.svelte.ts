import type { FailureValue } from '../../../../contract/errors'
import type { AnnotationChange, AnnotationView, ResponseView, SpanView } from '../../../../contract/ipc'
import type { Polarity } from '../../../../pipeline/annotate/span'
import { wordOffsets } from '../../../../pipeline/reward/critic-quality/answer'
import { ask, load } from '../../state/studio'

export type Decision = 'undecided' | 'accepted' | 'edited' | 'rejected'

/** A critic's mark as it stands in the person's annotation. */
export interface Mark extends SpanView {
  readonly decision: Decision
  readonly words: string
}

const words: Readonly<Record<Decision, string>> = {
  undecided: 'Not decided yet',
  accepted: '✓ Accepted',
  edited: '✎ Edited',
  rejected: '✕ Rejected'
}

/** One prediction of a critic, gone through mark by mark. Every decision is saved as it is made, and can be undone. */
export class Correction {
  answer = $state.raw<ResponseView>()
  error = $state.raw<FailureValue>()
  /** Which mark has the keys. */
  place = $state(0)
  private decided = $state.raw<Readonly<Record<string, Decision>>>({})
  private now = $state.raw<Readonly<Record<string, { start: number; end: number; polarity: Polarity }>>>({})
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

  marks = $derived.by((): Mark[] => {
    const text = Array.from(this.answer?.text ?? '')
    return (this.predicted?.spans ?? []).map((span) => {
      const decision = this.decided[span.spanId] ?? 'undecided'
      const { start, end, polarity } = this.now[span.spanId] ?? span
      const quote = text.slice(start, end).join('')
      return { ...span, start, end, polarity, quote, decision, words: words[decision] }
    })
  })
  current = $derived(this.marks[this.place])
  undecided = $derived(this.marks.filter(({ decision }) => decision === 'undecided').length)
  submitted = $derived(this.own?.status === 'submitted')

  step(by: number): void {
    this.place = Math.max(0, Math.min(this.marks.length - 1, this.place + by))
  }

  /** Moving a mark to where it is makes it the person's own, unchanged. */
  accept(place = this.place): void {
    const mark = this.marks[place]
    if (!mark || mark.decision === 'rejected') return
    const { spanId, start, end } = mark
    void this.decide(
      spanId,
      { type: 'move-span', spanId, start, end },
      mark.decision === 'edited' ? 'edited' : 'accepted'
    )
  }

  reject(place = this.place): void {
    const mark = this.marks[place]
    if (!mark || mark.decision === 'rejected') return
    void this.decide(mark.spanId, { type: 'remove-span', spanId: mark.spanId }, 'rejected')
  }

  flip(place = this.place): void {
    const mark = this.marks[place]
    if (!mark || mark.decision === 'rejected') return
    const polarity = mark.polarity === 'poor' ? 'good' : 'poor'
    this.now = { ...this.now, [mark.spanId]: { start: mark.start, end: mark.end, polarity } }
    void this.decide(mark.spanId, { type: 'set-polarity', spanId: mark.spanId, polarity }, 'edited')
  }

  /** To the end of the next word, or of the one before. */
  moveEnd(by: 1 | -1, place = this.place): void {
    const mark = this.marks[place]
    if (!mark || mark.decision === 'rejected' || !this.answer) return
    const ends = wordOffsets(this.answer.text).map(([, end]) => end)
    const end = by > 0 ? ends.find((one) => one > mark.end) : ends.filter((one) => one < mark.end).at(-1)
    if (end === undefined || end <= mark.start) return
    const { spanId, start, polarity } = mark
    this.now = { ...this.now, [spanId]: { start, end, polarity } }
    void this.decide(spanId, { type: 'move-span', spanId, start, end }, 'edited')
  }

  async submit(): Promise<void> {
    if (this.undecided > 0 || this.submitted) return
    await this.apply({ type: 'set-status', status: 'submitted' })
  }

  private async decide(spanId: string, change: AnnotationChange, decision: Decision): Promise<void> {
    if (await this.apply(change)) this.decided = { ...this.decided, [spanId]: decision }
  }

  private async apply(change: AnnotationChange): Promise<boolean> {
    const own = await ask('annotate.apply', { responseId: this.responseId, change })
    if (own) this.own = own
    return own !== undefined
  }
}
