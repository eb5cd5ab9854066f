import { parentPort } from 'node:worker_threads'
import { toFailure } from '../../contract/errors'
import type { PlanAnswer, PlanQuestion } from './plan-thread'
import { planRunOf } from './project'

/** The thread that plans: it reads the project beside whoever writes it, and remembers its latest estimate. */
const port = parentPort
if (!port) throw new Error('The plan worker runs only as a worker thread.')

const send = (answer: PlanAnswer): void => port.postMessage(answer)

port.on('message', ({ id, file, config }: PlanQuestion) => {
  planRunOf(file, config).then(
    (value) => send({ id, outcome: { ok: true, value } }),
    (thrown: unknown) => send({ id, outcome: { ok: false, error: toFailure(thrown) } })
  )
})
