import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { toFailure } from '../contract/errors'
import { jobRequest, type JobControl, type JobEvent } from '../contract/job'
import { runJob } from '../jobs'

/** The thread that computes: one job, told to the thread that answers. */
const port = parentPort
if (!port) throw new Error('The trainer worker runs only as a worker thread.')

let word: JobControl | null = null
port.on('message', (control: JobControl) => (word = control))

const emit = (event: JobEvent): void => port.postMessage(event)
const takeControl = (): JobControl | null => {
  // A job that never lets go of the thread hears what is waiting, too.
  for (let waiting; (waiting = receiveMessageOnPort(port));) word = waiting.message as JobControl
  const taken = word
  word = null
  return taken
}

runJob(jobRequest.parse(workerData), { emit, takeControl })
  .then(
    (result) => emit({ kind: 'done', result }),
    (error: unknown) => emit({ kind: 'failed', error: toFailure(error) })
  )
  .finally(() => port.close())
