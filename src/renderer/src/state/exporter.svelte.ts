import type { FailureValue } from '../../../contract/errors'
import {
  exportTitle,
  type Exportable,
  type ExportForm,
  type ExportOf,
  type ExportResult
} from '../../../contract/ipc'
import { dialogs } from './dialogs.svelte'
import { notices } from './notices.svelte'
import { ask, call } from './studio'
import { works } from './work.svelte'

/** A model or a run on its way out of the program: what, as what, how far, and how it ended. */
class Exporter {
  list = $state.raw<readonly Exportable[]>([])
  chosen = $state(0)
  form = $state<ExportForm>('adapter')
  going = $state(false)
  result = $state.raw<ExportResult>()
  error = $state.raw<FailureValue>()

  current = $derived(this.list[this.chosen])
  work = $derived(works.list.find(({ title }) => title === exportTitle))

  /** Shows the dialog, with a run or a model chosen. While an export goes on, it shows that one. */
  async open(wanted?: (of: ExportOf) => boolean): Promise<void> {
    if (!this.going) {
      this.result = this.error = undefined
      const list = await ask('models.exportable', undefined)
      if (!list) return
      this.list = list
      this.choose(Math.max(0, wanted ? list.findIndex(({ of }) => wanted(of)) : 0))
    }
    dialogs.open = 'export'
  }

  choose(index: number): void {
    this.chosen = index
    const forms = this.current?.forms ?? []
    if (!forms.includes(this.form) && forms.length > 0) this.form = forms[0]
  }

  async start(): Promise<void> {
    const { current, form } = this
    if (!current || this.going) return
    this.going = true
    this.result = this.error = undefined
    const outcome = await call('models.export', { of: current.of, form, name: current.name })
    this.going = false
    const watched = dialogs.open === 'export'
    if (!outcome.ok) {
      // Who has cancelled it knows that it was.
      if (watched && outcome.error.code !== 'cancelled') this.error = outcome.error
      else notices.failure(outcome.error)
    } else if (outcome.value) {
      this.result = outcome.value
      if (!watched)
        notices.say(`${current.name} was exported to ${outcome.value.out}.`, {
          title: 'Show',
          run: () => (dialogs.open = 'export')
        })
    }
  }

  cancel(): void {
    if (this.work) works.cancel(this.work.workId)
  }
}

export const exporter = new Exporter()
