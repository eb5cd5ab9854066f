import type { FailureValue, Outcome } from '../../../../contract/errors'
import type { AnnotationChange, AnnotationView } from '../../../../contract/ipc'
import type { SavedState } from '../../state/status.svelte'

export interface Letter {
  readonly responseId: string
  readonly change: AnnotationChange
}

interface Options {
  readonly send: (letter: Letter) => Promise<Outcome<AnnotationView>>
  readonly onstate: (state: SavedState) => void
  readonly onsaved: (letter: Letter, annotation: AnnotationView) => void
  /** `kept`: the change waits here and is sent again; otherwise it cannot be saved and the answer is read anew. */
  readonly onfailure: (letter: Letter, error: FailureValue, kept: boolean) => void
  readonly now?: () => number
}

/** Typing into one box is sent at most this often, first letter at once and last letter always. Milliseconds. */
const typingInterval = 150
const retryInterval = 1000
const retries = 5

/** Failures that sending again cannot cure. */
const lasting: ReadonlySet<string> = new Set([
  'bad-input',
  'not-found',
  'span-outside-text',
  'quote-mismatch'
])

/**
 * Changes on their way to the project file, in order and one at a time. Every change leaves at once; while a person
 * types, the newest words replace older ones that have not left yet, so that nothing unsent is older than the
 * interval and the time of one save.
 */
export class Outbox {
  private queue: Letter[] = []
  private sending = false
  private tries = 0
  private timer: ReturnType<typeof setTimeout> | undefined
  private readonly lastTyped = new Map<string, number>()
  private waiters: (() => void)[] = []

  constructor(private readonly options: Options) {}

  get pending(): number {
    return this.queue.length
  }

  put(letter: Letter): void {
    const key = typingKey(letter)
    const last = this.queue.at(-1)
    const lastLeaves = this.sending && this.queue.length === 1
    if (key && last && !lastLeaves && typingKey(last) === key) this.queue[this.queue.length - 1] = letter
    else this.queue.push(letter)
    this.options.onstate(this.tries > 0 ? 'failing' : 'saving')
    this.pump()
  }

  /** Resolves when everything put so far is saved. Typing does not wait for its interval. */
  async flush(): Promise<void> {
    this.lastTyped.clear()
    clearTimeout(this.timer)
    this.timer = undefined
    this.pump()
    if (this.queue.length > 0) await new Promise<void>((resolve) => this.waiters.push(resolve))
  }

  private pump(): void {
    if (this.sending || this.timer !== undefined) return
    const letter = this.queue[0]
    if (!letter) {
      this.options.onstate('saved')
      for (const resolve of this.waiters.splice(0)) resolve()
      return
    }
    const now = this.now()
    const key = typingKey(letter)
    const wait =
      key && this.queue.length === 1 ? (this.lastTyped.get(key) ?? -Infinity) + typingInterval - now : 0
    if (wait > 0) return this.later(wait)
    if (key) this.lastTyped.set(key, now)
    void this.leave(letter)
  }

  private async leave(letter: Letter): Promise<void> {
    this.sending = true
    const outcome = await this.options.send(letter)
    this.sending = false
    if (outcome.ok) {
      this.tries = 0
      this.queue.shift()
      this.options.onsaved(letter, outcome.value)
      return this.pump()
    }
    this.tries++
    const kept =
      !lasting.has(outcome.error.code) && !(outcome.error.code === 'internal' && this.tries >= retries)
    if (this.tries === 1 || !kept) this.options.onfailure(letter, outcome.error, kept)
    if (!kept) {
      this.tries = 0
      this.queue.shift()
      return this.pump()
    }
    this.options.onstate('failing')
    this.later(retryInterval)
  }

  private later(milliseconds: number): void {
    this.timer = setTimeout(() => {
      this.timer = undefined
      this.pump()
    }, milliseconds)
  }

  private now(): number {
    return this.options.now?.() ?? performance.now()
  }
}

/** The box that a person types in, or null for a change that is one act. */
function typingKey({ responseId, change }: Letter): string | null {
  if (change.type === 'set-reason') return `${responseId} ${change.spanId}`
  return change.type === 'set-critique' ? responseId : null
}
