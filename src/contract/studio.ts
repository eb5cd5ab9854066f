import type { AppEvent, Call } from './ipc'

/** `window.studio`: all that the window knows of the world outside. Made by the preload script. */
export interface Studio {
  readonly call: Call
  /** @returns a function that ends the subscription */
  onEvent(listener: (event: AppEvent) => void): () => void
}

/** The two channels between the preload script and main. */
export const channels = { call: 'studio:call', event: 'studio:event' } as const
