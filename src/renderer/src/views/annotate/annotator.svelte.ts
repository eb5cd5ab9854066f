import type { AnnotationChange } from '../../../../contract/ipc'
import { notices } from '../../state/notices.svelte'
import { router } from '../../state/router.svelte'
import { session } from '../../state/session.svelte'
import { announcer, status } from '../../state/status.svelte'
import { dialogs } from '../../state/dialogs.svelte'
import { ask, call, load, type Loaded } from '../../state/studio'
import { Answer } from './answer.svelte'
import { Outbox } from './outbox'
import { memory } from './memory'
import { Queue } from './queue.svelte'

/** The annotate view: its queue, the answer that is open, and the changes on their way to the project file. */
export class Annotator {
  readonly queue = new Queue()
  answer = $state.raw<Loaded<Answer>>({ state: 'waiting' })

  private readonly outbox = new Outbox({
    send: (letter) => call('annotate.apply', letter),
    onstate: (state) => (status.saved = state),
    onsaved: ({ responseId, change }, { status, spans }) => {
      if (change.type === 'set-status') void session.recount()
      const shown = this.current?.responseId === responseId ? this.current.marks.read : spans.length
      if (this.outbox.pending === 0) this.queue.touch(responseId, { status, spans: shown })
    },
    onfailure: ({ responseId }, error, kept) => {
      notices.failure(error)
      if (!kept && this.current?.responseId === responseId) void this.reread()
    }
  })

  get current(): Answer | undefined {
    return this.answer.state === 'ready' ? this.answer.value : undefined
  }

  async open(responseId: string): Promise<void> {
    if (this.current?.responseId === responseId) return
    await this.outbox.flush()
    const loaded = await load('annotate.open', { responseId })
    // Another answer may have been asked for meanwhile.
    if (router.place.view !== 'annotate' || (router.place.responseId ?? responseId) !== responseId) return
    this.answer =
      loaded.state === 'ready'
        ? { state: 'ready', value: new Answer(loaded.value, (change) => this.save(responseId, change)) }
        : loaded
  }

  go(responseId: string): void {
    router.go({ view: 'annotate', responseId })
  }

  async step(by: number): Promise<boolean> {
    if (!this.current) return false
    const row = await this.queue.neighbour(this.current.responseId, by)
    if (row) this.go(row.responseId)
    return row !== undefined
  }

  async submit(): Promise<void> {
    const answer = this.current
    if (!answer) return
    answer.submit()
    this.queue.touch(answer.responseId, { status: 'submitted', spans: answer.marks.read })
    announcer.say('Submitted.')
    if (!(await this.step(1))) notices.say('That was the last answer of this list.')
  }

  async travel(direction: 'undo' | 'redo'): Promise<void> {
    await this.outbox.flush()
    const result = await ask(`annotate.${direction}`, undefined)
    if (!result) return
    if (result.responseId === null) {
      announcer.say(direction === 'undo' ? 'Nothing to undo.' : 'Nothing to redo.')
      return
    }
    announcer.say(`${direction === 'undo' ? 'Undone' : 'Done again'}: ${result.what}`)
    if (result.responseId === this.current?.responseId) await this.reread()
    else this.go(result.responseId)
  }

  flush(): Promise<void> {
    return this.outbox.flush()
  }

  private save(responseId: string, change: AnnotationChange): void {
    if (!session.settings.personName && !memory.askedName) {
      memory.askedName = true
      notices.say(
        'Whose marks are these? Until you give a name they stand under the name of this seat’s user.',
        {
          title: 'Give your name',
          run: () => dialogs.toggle('settings')
        }
      )
    }
    this.outbox.put({ responseId, change })
  }

  async reread(): Promise<void> {
    const answer = this.current
    if (!answer) return
    const view = await ask('annotate.open', { responseId: answer.responseId })
    if (view && this.outbox.pending === 0) {
      answer.take(view)
      this.queue.touch(answer.responseId, { status: answer.status, spans: answer.marks.read })
    }
  }
}
