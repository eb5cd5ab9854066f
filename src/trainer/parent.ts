import type { ParentPort } from 'electron'
import type { JobEvent } from '../contract/job'

/** Whoever started this process: the window's main process (utility process) or a plain Node process (fork). */
export interface Parent {
  send(event: JobEvent, sent?: () => void): void
  onMessage(listener: (message: unknown) => void): void
  /** The parent is gone. */
  onGone(listener: () => void): void
}

/** Time for the last message of a utility process to leave, in milliseconds: its port has no callback. */
const PARTING = 300

export function findParent(): Parent {
  const port = (process as { parentPort?: ParentPort }).parentPort
  if (port)
    return {
      send: (event, sent) => {
        port.postMessage(event)
        if (sent) setTimeout(sent, PARTING)
      },
      onMessage: (listener) => void port.on('message', ({ data }) => listener(data)),
      onGone: (listener) => void (port as NodeJS.EventEmitter).on('close', listener)
    }
  return {
    send: (event, sent) => {
      if (process.connected) process.send?.(event, () => sent?.())
      else sent?.()
    },
    onMessage: (listener) => void process.on('message', listener),
    onGone: (listener) => void process.on('disconnect', listener)
  }
}
