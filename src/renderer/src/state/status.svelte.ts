export type SavedState = 'saved' | 'saving' | 'failing'

/** The one line at the foot of the window. Views write here; the shell only shows it. */
class Status {
  saved = $state<SavedState>('saved')
  /** The token strip stands at the foot of the view. */
  strip = $state(false)
  /** What is selected or active, in words. */
  selection = $state('')
  /** Keys that work where the focus is. */
  hints = $state.raw<readonly { readonly keys: string; readonly does: string }[]>([])
}

export const status = new Status()

/** Said once to screen readers, without moving the focus. */
class Announcer {
  sentence = $state('')
  private turn = false

  say(sentence: string): void {
    // The same sentence twice is not announced twice unless the text differs.
    this.turn = !this.turn
    this.sentence = this.turn ? sentence : `${sentence}\u00a0`
  }
}

export const announcer = new Announcer()
