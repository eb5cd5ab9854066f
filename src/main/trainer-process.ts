import { utilityProcess } from 'electron'
import { trainerEnvironment } from '../contract/trainer-environment'
import type { JobEvent } from '../contract/job'
import { trainerFile } from './paths'
import type { TrainerProcess } from './trainer-host'

/** Electron's utility process: Node with the trainer in it, no window, no database. */
export function forkTrainer(): TrainerProcess {
  const child = utilityProcess.fork(trainerFile, [], {
    serviceName: 'text2grad trainer',
    stdio: 'ignore',
    env: { ...process.env, ...trainerEnvironment }
  })
  return {
    postMessage: (message) => child.postMessage(message),
    onMessage: (listener) => void child.on('message', (event: JobEvent) => listener(event)),
    onExit: (listener) => void child.on('exit', listener),
    kill: () => void child.kill()
  }
}
