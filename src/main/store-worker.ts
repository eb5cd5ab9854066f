import { parentPort, workerData } from 'node:worker_threads'
import { App } from '../app/handlers'
import { toFailure, type Outcome } from '../contract/errors'
import type { JobEvent } from '../contract/job'
import type { MainToStore, StoreRouteName, StoreToMain, StoreWorkerData } from '../contract/store-wire'

/** The worker thread that owns the project database: calls in, outcomes and events out. */
const { userData, resources } = workerData as StoreWorkerData
const jobs = new Map<number, (event: JobEvent) => void>()
let lastJob = 0

const send = (message: StoreToMain): void => parentPort?.postMessage(message)

const app = new App({
  userData,
  resources,
  host: (request, listener) => {
    const job = ++lastJob
    jobs.set(job, listener)
    send({ kind: 'host', job, request })
  },
  control: (control) => send({ kind: 'control', job: lastJob, control }),
  emit: (event) => send({ kind: 'event', event })
})
const handlers = app.handlers()

/** Main has parsed the window's input; routes that went through a dialog carry a path instead. */
async function answer(route: StoreRouteName, input: unknown): Promise<Outcome<unknown>> {
  try {
    if (!Object.hasOwn(handlers, route))
      throw { code: 'bad-input', message: `There is no request named ${route}.` }
    const handle = handlers[route] as (input: unknown) => unknown
    return { ok: true, value: await handle(input) }
  } catch (thrown) {
    return { ok: false, error: toFailure(thrown) }
  }
}

function jobSays(job: number, event: JobEvent): void {
  const listener = jobs.get(job)
  if (event.kind !== 'progress') jobs.delete(job)
  listener?.(event)
}

parentPort?.on('message', (message: MainToStore) => {
  switch (message.kind) {
    case 'call':
      void answer(message.route, message.input).then((outcome) =>
        send({ kind: 'answer', id: message.id, outcome })
      )
      return
    case 'job':
      return jobSays(message.job, message.event)
    case 'close':
      app.close()
      parentPort?.close()
  }
})
