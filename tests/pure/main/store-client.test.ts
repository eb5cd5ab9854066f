import { describe, expect, it } from 'vitest'
import type { AppEvent } from '../../../src/contract/ipc'
import type { JobControl, JobEvent, JobRequest } from '../../../src/contract/job'
import type { MainToStore, StoreToMain } from '../../../src/contract/store-wire'
import { StoreClient, type StoreWorker } from '../../../src/main/store-client'

class FakeWorker implements StoreWorker {
  readonly received: MainToStore[] = []
  send: (message: StoreToMain) => void = () => undefined
  die: () => void = () => undefined
  postMessage(message: MainToStore): void {
    this.received.push(message)
  }
  onMessage(listener: (message: StoreToMain) => void): void {
    this.send = listener
  }
  onExit(listener: () => void): void {
    this.die = listener
  }
}

function setting() {
  const workers: FakeWorker[] = []
  const events: AppEvent[] = []
  const controls: JobControl[] = []
  const hosted: { request: JobRequest; listener: (event: JobEvent) => void }[] = []
  const client = new StoreClient({
    startWorker: () => {
      const worker = new FakeWorker()
      workers.push(worker)
      return worker
    },
    onEvent: (event) => events.push(event),
    host: (request, listener) => hosted.push({ request, listener }),
    control: (word) => controls.push(word),
    onCrash: () => undefined
  })
  return { client, workers, events, controls, hosted }
}

describe('the store client', () => {
  it('gives each caller its own answer, in whatever order they come', async () => {
    const { client, workers } = setting()
    const info = client.call('project.info', undefined)
    const check = client.call('project.check', undefined)
    const [first, second] = workers[0].received as { id: number }[]
    workers[0].send({ kind: 'answer', id: second.id, outcome: { ok: true, value: 'checked' } })
    workers[0].send({ kind: 'answer', id: first.id, outcome: { ok: true, value: 'told' } })
    expect(await info).toEqual({ ok: true, value: 'told' })
    expect(await check).toEqual({ ok: true, value: 'checked' })
  })

  it('passes events to the window, and jobs to the host and back', () => {
    const { client, workers, events, controls, hosted } = setting()
    expect(client).toBeDefined()
    workers[0].send({ kind: 'event', event: { kind: 'project-changed' } })
    workers[0].send({ kind: 'host', job: 3, request: { kind: 'train', runDir: '/run' } })
    workers[0].send({ kind: 'control', job: 3, control: 'pause' })
    hosted[0].listener({ kind: 'done', result: 1 })
    expect(events).toEqual([{ kind: 'project-changed' }])
    expect(controls).toEqual(['pause'])
    expect(workers[0].received).toEqual([{ kind: 'job', job: 3, event: { kind: 'done', result: 1 } }])
  })

  it('survives the death of its worker: fails what was asked, starts another, opens the project again', async () => {
    const { client, workers } = setting()
    const opened = client.call('project.open', '/my.t2g')
    workers[0].send({ kind: 'answer', id: 1, outcome: { ok: true, value: { path: '/my.t2g' } } })
    await opened
    const lost = client.call('project.check', undefined)
    workers[0].die()
    expect(await lost).toMatchObject({ ok: false, error: { code: 'internal' } })
    expect(workers).toHaveLength(2)
    expect(workers[1].received).toMatchObject([{ kind: 'call', route: 'project.open', input: '/my.t2g' }])
  })

  it('does not start another worker when it was told to close', async () => {
    const { client, workers } = setting()
    const closed = client.close()
    expect(workers[0].received).toEqual([{ kind: 'close' }])
    workers[0].die()
    await closed
    expect(workers).toHaveLength(1)
  })
})
