import type { RunView } from '../../../contract/ipc'
import { ask } from './studio'

/** Every run of the project, newest first, kept up to date by events. */
class Runs {
  list = $state.raw<readonly RunView[]>([])
  loaded = $state(false)

  active = $derived(this.list.find(({ state }) => state === 'running' || state === 'paused'))

  async load(): Promise<void> {
    const list = await ask('runs.list', undefined)
    if (list) this.list = newestFirst(list)
    this.loaded = true
  }

  find(runId: string): RunView | undefined {
    return this.list.find((run) => run.runId === runId)
  }

  /** Takes in what an event or an answer said of a run. */
  put(run: RunView): void {
    const others = this.list.filter(({ runId }) => runId !== run.runId)
    this.list = newestFirst([...others, run])
  }

  async control(action: 'stop' | 'pause' | 'continue' | 'resume', runId: string): Promise<void> {
    const run = await ask(`runs.${action}`, { runId })
    if (run) this.put(run)
  }
}

function newestFirst(list: readonly RunView[]): RunView[] {
  return [...list].sort((a, b) => b.startedAt.localeCompare(a.startedAt))
}

export const runs = new Runs()
