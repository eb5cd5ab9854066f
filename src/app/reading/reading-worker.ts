import { parentPort } from 'node:worker_threads'
import { toFailure } from '../../contract/errors'
import { Failure } from '../../pipeline/failure'
import type { ReadingMessage, ReadingQuestion } from './reading-thread'
import { readings } from './readings'
import type { ReadingTools } from './reading-tools'

/** The thread that reads: beside whoever writes the project, and with an estimate and tokens of its own to remember. */
const port = parentPort
if (!port) throw new Error('The reading worker runs only as a worker thread.')

const send = (message: ReadingMessage): void => port.postMessage(message)

port.on('message', ({ id, what, input, cancelled }: ReadingQuestion) => {
  const tools: ReadingTools = {
    onProgress: (progress) => send({ id, progress }),
    goOn: () => {
      if (Atomics.load(cancelled, 0) !== 0)
        throw new Failure('cancelled', 'It was cancelled; nothing was kept.')
    }
  }
  // Which input belongs to which reading is seen to where it is asked.
  const read = readings[what] as (input: unknown, tools: ReadingTools) => Promise<unknown>
  read(input, tools).then(
    (value) => send({ id, outcome: { ok: true, value } }),
    (thrown: unknown) => send({ id, outcome: { ok: false, error: toFailure(thrown) } })
  )
})
