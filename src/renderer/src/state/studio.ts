import type { FailureValue } from '../../../contract/errors'
import type { AppEvent, Input, Output, RouteName } from '../../../contract/ipc'
import { notices } from './notices.svelte'

/** Asks main, and hands back its outcome as it is: for callers that deal with failures themselves. */
export const call: Window['studio']['call'] = (name, input) => window.studio.call(name, input)

export function onEvent(listener: (event: AppEvent) => void): () => void {
  return window.studio.onEvent(listener)
}

/** Asks main. A failure is shown to the person and comes back as undefined. */
export async function ask<R extends RouteName>(name: R, input: Input<R>): Promise<Output<R> | undefined> {
  const outcome = await call(name, input)
  if (outcome.ok) return outcome.value
  notices.failure(outcome.error)
  return undefined
}

/** What a view shows in place of its content: nothing yet, a failure, or the value. */
export type Loaded<T> =
  | { readonly state: 'waiting' }
  | { readonly state: 'failed'; readonly error: FailureValue }
  | { readonly state: 'ready'; readonly value: T }

export async function load<R extends RouteName>(name: R, input: Input<R>): Promise<Loaded<Output<R>>> {
  const outcome = await call(name, input)
  return outcome.ok ? { state: 'ready', value: outcome.value } : { state: 'failed', error: outcome.error }
}
