import { describe, expect, it } from 'vitest'
import type { JobEvent, TrainerMessage } from '../../../src/contract/job'
import { TrainerHost, type TrainerProcess } from '../../../src/main/trainer-host'

class FakeProcess implements TrainerProcess {
  readonly received: TrainerMessage[] = []
  emit: (event: JobEvent) => void = () => undefined
  exit: (code: number) => void = () => undefined
  postMessage(message: TrainerMessage): void {
    this.received.push(message)
  }
  onMessage(listener: (event: JobEvent) => void): void {
    this.emit = listener
  }
  onExit(listener: (code: number) => void): void {
    this.exit = listener
  }
  kill(): void {}
}

function setting() {
  const processes: FakeProcess[] = []
  const events: JobEvent[] = []
  let idle = 0
  const host = new TrainerHost(
    () => {
      const process = new FakeProcess()
      processes.push(process)
      return process
    },
    () => idle++
  )
  return { host, processes, events, listen: (event: JobEvent) => events.push(event), idleCalls: () => idle }
}

const request = { kind: 'train', runDir: '/run' } as const
const progress: JobEvent = { kind: 'progress', progress: { done: 1, total: 2, unit: 'step' } }
const done: JobEvent = { kind: 'done', result: 7 }

describe('the trainer host', () => {
  it('passes the request on and every event back', () => {
    const { host, processes, events, listen, idleCalls } = setting()
    host.start(request, listen)
    expect(processes[0].received).toEqual([{ request }])
    expect(host.busy).toBe(true)
    processes[0].emit(progress)
    host.control('pause')
    expect(processes[0].received[1]).toEqual({ control: 'pause' })
    processes[0].emit(done)
    expect(events).toEqual([progress, done])
    expect([host.busy, idleCalls()]).toEqual([false, 1])
  })

  it('refuses a second job while one is going', () => {
    const { host, processes, listen, events } = setting()
    host.start(request, listen)
    host.start(request, listen)
    expect(processes).toHaveLength(1)
    expect(events).toMatchObject([{ kind: 'failed', error: { code: 'trainer-busy' } }])
  })

  it('says so when the process dies, and once only', () => {
    const { host, processes, listen, events } = setting()
    host.start(request, listen)
    processes[0].exit(137)
    processes[0].emit(done)
    expect(events).toMatchObject([{ kind: 'failed', error: { code: 'trainer-died' } }])
  })

  it('takes the exit of a finished process for what it is, and gives the next job a fresh one', () => {
    const { host, processes, listen, events } = setting()
    host.start(request, listen)
    processes[0].emit(done)
    processes[0].exit(0)
    host.start(request, listen)
    processes[0].exit(0)
    expect(processes).toHaveLength(2)
    expect(events).toEqual([done])
    expect(host.busy).toBe(true)
  })
})
