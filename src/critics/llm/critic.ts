import { createHash } from 'node:crypto'
import type { CancelSignal, Critic } from '../../contract/critic'
import { Failure } from '../../pipeline/failure'
import { replyFormatVersion } from '../reply/format'
import { ask, type Asking } from './ask'
import { machineClock, type Clock } from './clock'
import { exchange } from './exchange'
import { FormInUse } from './form-in-use'
import { checkEndpoint, type Resolve } from './host'
import { inOrder } from './in-order'
import { Limits } from './limits'
import { bodyOf, messagesFor } from './request'
import type { LlmSettings } from './settings'
import type { SpentBook } from './spent'

export interface LlmOptions {
  /** Hosts that the user allowed by name; this machine needs no permission. */
  readonly allowedHosts?: readonly string[]
  /** Told what a person may want to know; never a text of the project. */
  readonly log?: (line: string) => void
  readonly clock?: Clock
  /** What was spent before, and is to be remembered; without one the budget is that of this opening. */
  readonly spent?: SpentBook
  readonly resolve?: Resolve
  readonly environment?: Readonly<Record<string, string | undefined>>
}

/**
 * A critic that asks a language model behind OpenAI's chat API (vLLM, Ollama, llama.cpp). Its budget is that of
 * this one opening, or of all that share a book. Nothing is sent before `score` is called.
 * @throws Failure host-not-allowed, bad-configuration, critic-unreachable
 */
export async function llmCritic(settings: LlmSettings, options: LlmOptions = {}): Promise<Critic> {
  const {
    allowedHosts = [],
    log = () => undefined,
    clock = machineClock,
    environment = process.env
  } = options
  const endpoint = await checkEndpoint(settings.url, allowedHosts, options.resolve)
  const key = readKey(settings, environment)
  const limits = new Limits(settings, clock, options.spent)
  const form = new FormInUse(log)
  const asking: Asking = {
    ...{ settings, limits, clock, form },
    send: (request) => exchange({ ...request, endpoint, key })
  }
  return {
    id: 'llm',
    version: versionOf(settings),
    async *score(batch, signal) {
      const controller = new AbortController()
      // A signal may say it once and never again.
      let cancelled = false
      const stopWatching = whenCancelled(signal, () => {
        cancelled = true
        controller.abort()
      })
      try {
        yield* inOrder(batch, settings.concurrency, (input, abort) => ask(input, asking, abort), controller)
      } catch (error) {
        if (cancelled) throw new Failure('cancelled', 'The critic was cancelled.')
        throw error
      } finally {
        stopWatching()
      }
    }
  }
}

/** What a critique depends on: whom is asked, and what. How patiently it is asked changes no critique. */
export function versionOf(settings: LlmSettings): string {
  const empty = bodyOf(settings, messagesFor({ prompt: [], response: '' }), 'json_schema')
  const whole = JSON.stringify([replyFormatVersion, settings.url, empty])
  return createHash('sha256').update(whole).digest('hex').slice(0, 16)
}

function readKey(
  { apiKeyVariable: name }: LlmSettings,
  environment: Readonly<Record<string, string | undefined>>
): string | null {
  if (name === null) return null
  const key = environment[name]?.trim()
  if (key) return key
  throw new Failure(
    'bad-configuration',
    `The environment variable ${name}, which is to hold the key of the critic's server, is not set.`
  )
}

/** Milliseconds between two looks at a signal that cannot call. */
const LOOK_EVERY = 50

function whenCancelled(signal: CancelSignal, cancel: () => void): () => void {
  if (signal.aborted) cancel()
  if (signal instanceof AbortSignal) {
    signal.addEventListener('abort', cancel)
    return () => signal.removeEventListener('abort', cancel)
  }
  const timer = setInterval(() => signal.aborted && cancel(), LOOK_EVERY)
  return () => clearInterval(timer)
}
