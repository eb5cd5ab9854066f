import { app } from 'electron'
import { Worker } from 'node:worker_threads'
import type { StoreToMain, StoreWorkerData } from '../contract/store-wire'
import { logBug } from './log'
import { resourcesFolder, storeWorkerFile } from './paths'
import type { StoreWorker } from './store-client'

/** The worker thread that owns the project database. */
export function startStoreWorker(): StoreWorker {
  const workerData: StoreWorkerData = {
    userData: app.getPath('userData'),
    resources: resourcesFolder(),
    electron: process.versions.electron
  }
  const worker = new Worker(storeWorkerFile, { workerData })
  // An error is followed by an exit, and that is where it is dealt with.
  worker.on('error', (error) => logBug('store worker', error))
  return {
    postMessage: (message) => worker.postMessage(message),
    onMessage: (listener) => void worker.on('message', (message: StoreToMain) => listener(message)),
    onExit: (listener) => void worker.on('exit', listener)
  }
}
