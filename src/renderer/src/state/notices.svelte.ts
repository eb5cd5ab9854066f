import { remedyBeside, type FailureValue } from '../../../contract/errors'

export interface Notice {
  readonly id: number
  readonly tone: 'plain' | 'failure'
  readonly sentence: string
  /** The code, for whoever is asked for help. */
  readonly code?: string
  readonly remedy?: string
  readonly action?: { readonly title: string; readonly run: () => void }
}

const shownMilliseconds = 6000

/** What happened, said at the foot of the window. Failures stay until they are dismissed. */
class Notices {
  list = $state.raw<readonly Notice[]>([])
  private next = 1

  say(sentence: string, action?: Notice['action']): void {
    const id = this.add({ tone: 'plain', sentence, action })
    setTimeout(() => this.dismiss(id), shownMilliseconds)
  }

  failure(error: FailureValue): void {
    if (error.code === 'cancelled') return this.say(error.message)
    this.add({ tone: 'failure', sentence: error.message, code: error.code, remedy: remedyBeside(error) })
  }

  dismiss(id: number): void {
    this.list = this.list.filter((notice) => notice.id !== id)
  }

  private add(notice: Omit<Notice, 'id'>): number {
    const same = this.list.find(({ sentence, code }) => sentence === notice.sentence && code === notice.code)
    if (same) return same.id
    const id = this.next++
    this.list = [...this.list.slice(-3), { ...notice, id }]
    return id
  }
}

export const notices = new Notices()
