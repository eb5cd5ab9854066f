import type { CriticView } from '../../../contract/critic-views'
import type { Input } from '../../../contract/ipc'
import { sending } from './sending.svelte'
import { ask, call } from './studio'

/** The critics of the open project, and the one thing that is being done with one of them. */
class Critics {
  list = $state.raw<readonly CriticView[]>([])
  known = $state(false)
  /** What is going on, in words; empty when nothing is. */
  busy = $state('')

  async read(): Promise<void> {
    const list = await ask('critics.list', undefined)
    if (!list) return
    this.list = list
    this.known = true
  }

  named(specification: string | undefined): CriticView | undefined {
    return this.list.find((critic) => critic.specification === specification)
  }

  train(kind: 'generative' | 'span-head', base: string, steps: number | null): Promise<void> {
    return this.doing('Training a critic', () => ask('critics.train', { kind, base, steps }))
  }

  evaluate(critic: string): Promise<void> {
    const split = 'test'
    return this.doing('Evaluating a critic', async () => {
      if (await maySend({ work: 'evaluate', critic, split })) await ask('critics.evaluate', { critic, split })
    })
  }

  predict(critic: string): Promise<void> {
    const split = 'all'
    return this.doing('Asking a critic', async () => {
      if (await maySend({ work: 'predict', critic, split })) await ask('critics.predict', { critic, split })
    })
  }

  private async doing(what: string, work: () => Promise<unknown>): Promise<void> {
    if (this.busy) return
    this.busy = what
    try {
      await work()
    } finally {
      this.busy = ''
    }
    await this.read()
  }
}

/** What a critic on a server would be sent is shown first. */
const maySend = async (work: Input<'critics.preview'>): Promise<boolean> =>
  !work.critic.startsWith('llm:') || (await sending.mayGo(call('critics.preview', work)))

export const critics = new Critics()
