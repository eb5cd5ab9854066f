import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { SHARE_ENV, Worker, type WorkerOptions } from 'node:worker_threads'
import { toFailure } from '../contract/errors'
import { trainerMessage, type JobEvent, type JobRequest } from '../contract/job'
import { keepFolder } from '../files/trainer-lock'
import { useGpuPack } from '../jobs/model/devices'
import { beat } from '../jobs/job-folder'
import { findParent } from './parent'

/**
 * The thread that answers. The engine blocks the thread it runs on for whole steps, so a worker thread computes and
 * this one keeps the heartbeat and passes words on, in a utility process or a forked child alike. One job a process:
 * sessions leak a little, and a fresh process forgets it.
 */
const parent = findParent()
let worker: Worker | null = null

/** Milliseconds between two heartbeats. */
const HEARTBEAT = 1000

/** The built worker, or its source in a checkout that runs through a loader (which workers do not inherit). */
function startWorker(workerData: JobRequest): Worker {
  const options: WorkerOptions = { workerData, env: SHARE_ENV }
  const built = join(__dirname, 'trainer-worker.js')
  if (existsSync(built)) return new Worker(built, options)
  const source = JSON.stringify(join(__dirname, 'worker.ts'))
  return new Worker(`require('tsx/cjs'); require(${source})`, { ...options, eval: true })
}

function start(request: JobRequest): void {
  if ('gpuPack' in request && request.gpuPack) useGpuPack(request.gpuPack)
  const pulse = setInterval(() => sayQuietly(request), HEARTBEAT)
  let last: JobEvent | null = null
  worker = startWorker(request)
  worker.on('message', (event: JobEvent) => {
    if (event.kind === 'progress') parent.send(event)
    else last = event
  })
  worker.on('error', (error) => (last = { kind: 'failed', error: toFailure(error) }))
  worker.on('exit', () => {
    clearInterval(pulse)
    const failure = { code: 'trainer-died', message: 'The trainer ended without a word.' } as const
    parent.send(last ?? { kind: 'failed', error: failure }, () => process.exit(0))
  })
}

/** The folder that a job works in alone, if it has taken it. */
function folderOf(request: JobRequest): string | null {
  if (request.kind === 'train' || request.kind === 'review') return request.runDir
  return request.kind === 'train-critic' ? request.criticDir : null
}

/** Says that the job is there. A full disk must not stop the thread that would report it. */
function sayQuietly(request: JobRequest): void {
  const folder = folderOf(request)
  try {
    // A heartbeat would say of a review that the run goes on.
    if (folder !== null && keepFolder(folder) && request.kind !== 'review') beat(folder)
  } catch {
    // The worker meets the same obstacle and fails with its code.
  }
}

parent.onMessage((data) => {
  const message = trainerMessage.parse(data)
  if ('control' in message) worker?.postMessage(message.control)
  else if (!worker) start(message.request)
})
// Nobody is left to tell: the run stops with a checkpoint and can be resumed.
parent.onGone(() => (worker ? worker.postMessage('stop') : process.exit(0)))
// Ctrl-C reaches the whole process group; the host decides what it means.
process.on('SIGINT', () => undefined)
