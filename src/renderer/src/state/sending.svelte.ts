import type { CriticPreview } from '../../../contract/critic-preview'
import type { Outcome } from '../../../contract/errors'
import { dialogs } from './dialogs.svelte'
import { notices } from './notices.svelte'

/** What a critic on a server would send, shown before anything is: one question at a time. */
class Sending {
  /** On screen until the person has said whether it may go. */
  preview = $state.raw<CriticPreview>()
  /** A host that was refused: the settings offer it. */
  refusedHost = $state('')
  private answer: ((goes: boolean) => void) | undefined

  /** Whether the work may begin: at once where it sends nothing, otherwise as the person says. */
  async mayGo(asked: Promise<Outcome<CriticPreview | null>>): Promise<boolean> {
    const outcome = await asked
    if (!outcome.ok) {
      notices.failure(outcome.error)
      return false
    }
    if (outcome.value === null) return true
    this.settle(false)
    this.preview = outcome.value
    return new Promise((resolve) => (this.answer = resolve))
  }

  settle(goes: boolean): void {
    this.preview = undefined
    this.answer?.(goes)
    this.answer = undefined
  }

  /** To the list of hosts, where the refused one can be allowed. */
  toSettings(): void {
    this.refusedHost = this.preview?.host ?? ''
    this.settle(false)
    // After this dialog has given the focus back.
    setTimeout(() => (dialogs.open = 'settings'))
  }
}

export const sending = new Sending()
