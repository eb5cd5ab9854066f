import type { AnnotationChange, AnnotationView, ResponseView } from '../../../../contract/ipc'
import type { Polarity, Range } from '../../../../pipeline/annotate/span'
import { isPrediction } from '../../../../pipeline/annotate/prediction'
import { announcer } from '../../state/status.svelte'
import { AnswerMarks, type Mark } from './answer-marks'
import { standingOf, trainingAnnotations } from './standing'
import { TextIndex } from './text-index'

export interface Selection extends Range {
  /** The end that moves: UTF-16, like the rest. */
  readonly focus: number
}

export const polarityWords: Readonly<Record<Polarity, string>> = {
  good: 'good',
  poor: 'poor',
  neutral: 'neutral'
}
export const glyphs: Readonly<Record<Polarity, string>> = { good: '+', poor: '−', neutral: '○' }

/**
 * The answer on screen and this person's annotation of it. Changes show at once and go to `send`, which saves them;
 * what the project file answers is taken in only where the person cannot be ahead of it.
 */
export class Answer {
  readonly responseId: string
  readonly index: TextIndex
  view = $state.raw<ResponseView>() as ResponseView
  marks = $state.raw<AnswerMarks>() as AnswerMarks
  critique = $state('')
  status = $state<AnnotationView['status']>('unread')
  activeId = $state<string | null>(null)
  selection = $state.raw<Selection>({ start: 0, end: 0, focus: 0 })

  active = $derived(this.marks.get(this.activeId))
  private standing = $derived(standingOf(this.view.annotations))
  /** Words of others, shown beside one's own. */
  others = $derived(this.standing.others.filter(({ critique }) => critique !== ''))
  /** True once the person has an annotation of their own here. */
  private touched = $state(false)
  /** The marks whose rewards train, the person's own as if they were submitted. */
  training = $derived.by(() => {
    const mine = this.view.annotations.find((annotation) => annotation.mine)
    const ids = trainingAnnotations(this.view.annotations, mine?.annotationId)
    return this.marks.list.filter(({ own, annotationId }) => (own && this.touched) || ids.has(annotationId))
  })

  constructor(
    view: ResponseView,
    private readonly send: (change: AnnotationChange) => void
  ) {
    this.responseId = view.responseId
    this.index = new TextIndex(view.text)
    this.take(view)
  }

  /** Takes in what the project file holds: on opening, and after undo and redo. */
  take(view: ResponseView): void {
    this.view = view
    const { own, others } = this.standing
    this.marks = AnswerMarks.from(this.index, this.standing)
    this.critique = own?.critique ?? ''
    this.status = own?.status ?? others.find((one) => !isPrediction(one))?.status ?? 'unread'
    this.touched = own?.mine ?? false
    if (!this.marks.get(this.activeId)) this.activeId = null
  }

  select(selection: Selection): void {
    this.selection = selection
    if (selection.start < selection.end) {
      this.activeId = null
      return
    }
    const here = this.marks.at(selection.focus)
    if (!here.some(({ id }) => id === this.activeId)) this.activeId = here[0]?.id ?? null
  }

  activate(id: string | null): void {
    this.activeId = id
    const mark = this.active
    if (mark) announcer.say(this.describe(mark))
  }

  /** Marks the selection, or gives the active mark another polarity. Answers with the mark that now wants a reason. */
  mark(polarity: Polarity): Mark | undefined {
    const range = this.marks.widen(this.selection)
    if (range.start < range.end) {
      const same = this.marks.list.find(
        ({ own, predicted, start, end }) => (own || predicted) && start === range.start && end === range.end
      )
      return same ? this.repolarise(same, polarity) : this.add(range, polarity)
    }
    if (this.active) return this.repolarise(this.active, polarity)
    announcer.say('Nothing is selected. Hold Shift and move with the arrows, or drag over the words.')
    return undefined
  }

  private add(range: Range, polarity: Polarity): Mark | undefined {
    const mark: Mark = {
      ...range,
      id: crypto.randomUUID(),
      polarity,
      reason: '',
      category: null,
      person: '',
      kind: 'person',
      annotationId: '',
      own: true,
      predicted: false
    }
    this.marks = this.marks.add(mark)
    this.activeId = mark.id
    this.selection = { start: range.end, end: range.end, focus: range.end }
    this.change({ type: 'add-span', spanId: mark.id, ...this.marks.toSpan(range), polarity })
    announcer.say(`Marked ${polarityWords[polarity]}: ${this.quote(mark)}`)
    return mark
  }

  private repolarise(mark: Mark, polarity: Polarity): Mark | undefined {
    if (!this.own(mark)) return undefined
    this.marks = this.marks.accept(mark.id).change(mark.id, { polarity })
    this.activeId = mark.id
    this.change({ type: 'set-polarity', spanId: mark.id, polarity })
    announcer.say(`Now ${polarityWords[polarity]}: ${this.quote(mark)}`)
    return this.marks.get(mark.id)
  }

  move(range: Range): void {
    const mark = this.active
    if (!mark || !this.own(mark)) return
    const mine = this.marks.accept(mark.id)
    const moved = mine.move(mark.id, range)
    if (moved === mine) return
    this.marks = moved
    const now = moved.get(mark.id) ?? mark
    this.change({ type: 'move-span', spanId: mark.id, ...moved.toSpan(now) })
    announcer.say(this.quote(now))
  }

  /** Takes a critic's mark over as it is. */
  accept(): void {
    const mark = this.active
    if (!mark?.predicted) {
      announcer.say('Accepting is for marks of a critic: go to one with Tab.')
      return
    }
    this.marks = this.marks.accept(mark.id)
    this.change({ type: 'take-span', spanId: mark.id })
    announcer.say(`Accepted: ${this.quote(mark)}`)
  }

  reason(id: string, reason: string): void {
    const mark = this.marks.get(id)
    if (!mark?.own) return
    this.marks = this.marks.change(id, { reason })
    this.change({ type: 'set-reason', spanId: id, reason })
  }

  overall(critique: string): void {
    this.critique = critique
    this.change({ type: 'set-critique', critique })
  }

  remove(): void {
    const mark = this.active
    if (!mark || !this.own(mark)) return
    this.marks = this.marks.remove(mark.id)
    this.activeId = null
    this.change({ type: 'remove-span', spanId: mark.id })
    announcer.say(`${mark.predicted ? 'Rejected' : 'Removed'} the mark on: ${this.quote(mark)}`)
  }

  submit(): void {
    this.change({ type: 'set-status', status: 'submitted' })
    this.status = 'submitted'
  }

  /** The next of the marks that overlap where the caret is. */
  cycle(): void {
    const here = this.marks.at(this.selection.focus)
    const place = here.findIndex(({ id }) => id === this.activeId)
    this.activate(here[(place + 1) % here.length]?.id ?? null)
  }

  quote({ start, end }: Range): string {
    return this.index.text.slice(start, end)
  }

  describe(mark: Mark): string {
    const reason = mark.reason ? `: ${mark.reason}` : ', no reason given'
    return `${polarityWords[mark.polarity]}, “${this.quote(mark)}”${reason}. ${mark.person ? `By ${mark.person}` : 'Yours'}.`
  }

  private own(mark: Mark): boolean {
    const may = mark.own || mark.predicted
    if (!may) announcer.say(`This mark is by ${mark.person}. Mark the words yourself to say otherwise.`)
    return may
  }

  private change(change: AnnotationChange): void {
    if (!this.touched) {
      // With the first change the project file makes the person a copy of what came with the data.
      this.touched = true
      this.marks = this.marks.adopt()
      this.status = 'draft'
    }
    this.send(change)
  }
}
