import type { AppEvent } from '../../../contract/ipc'
import type { Progress } from '../../../contract/job'
import { ask } from './studio'

export interface Work {
  readonly workId: string
  readonly title: string
  readonly progress: Progress
}

/** Long work that main tells about: imports, exports, sampling. */
class WorkList {
  list = $state.raw<readonly Work[]>([])

  take(event: Extract<AppEvent, { kind: 'work' | 'work-ended' }>): void {
    const others = this.list.filter(({ workId }) => workId !== event.workId)
    this.list =
      event.kind === 'work'
        ? [...others, { workId: event.workId, title: event.title, progress: event.progress }]
        : others
  }

  cancel(workId: string): void {
    void ask('work.cancel', workId)
  }
}

export const works = new WorkList()
