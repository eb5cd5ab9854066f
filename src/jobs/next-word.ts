import { breathe, sleep, type JobContext } from './context'
import type { JobFolder } from './job-folder'

/** Hears what came in while the last step was computed, and sleeps while the training is paused. */
export async function nextWord(
  folder: JobFolder,
  context: JobContext,
  { step, total }: { readonly step: number; readonly total: number }
): Promise<'go' | 'stop'> {
  let paused = false
  for (;;) {
    await breathe()
    const word = context.takeControl() ?? folder.takeControl()
    if (word === 'stop') return 'stop'
    if (word === 'pause' && !paused) {
      paused = true
      folder.say({ state: 'paused', step, error: null })
      context.emit({ kind: 'progress', progress: { done: step, total, unit: 'steps', note: 'paused' } })
    }
    if (word === 'continue' && paused) {
      paused = false
      folder.say({ state: 'running', step, error: null })
    }
    if (!paused) return 'go'
    await sleep(100)
  }
}
