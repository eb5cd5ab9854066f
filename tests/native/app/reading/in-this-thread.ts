import type { ReadingThread } from '../../../../src/app/reading/reading-thread'
import { readings } from '../../../../src/app/reading/readings'
import type { ReadingTools } from '../../../../src/app/reading/reading-tools'

/** Reads in the thread of the test: what another one adds is tested by itself. */
export const inThisThread: Pick<ReadingThread, 'ask'> = {
  ask: (what, input, tools) => {
    const read = readings[what] as (input: unknown, tools: ReadingTools) => Promise<never>
    return read(input, { onProgress: tools?.onProgress ?? (() => undefined), goOn: () => undefined })
  }
}
