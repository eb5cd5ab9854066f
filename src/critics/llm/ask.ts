import type { Cost, CriticInput, Critique } from '../../contract/critic'
import type { Message } from '../../pipeline/annotate/message'
import { parseReply } from '../reply/parse'
import type { Clock } from './clock'
import { readCompletion, type Completion } from './completion'
import { ExchangeFailure, type Exchange, type Received } from './exchange'
import type { FormInUse } from './form-in-use'
import { BudgetSpent, type Limits } from './limits'
import { bodyOf, correction, messagesFor, mostTokens } from './request'
import { retryWait } from './retry-wait'
import type { LlmSettings } from './settings'

/** What asking needs besides the answer. */
export interface Asking {
  readonly settings: LlmSettings
  readonly limits: Limits
  readonly clock: Clock
  readonly form: FormInUse
  /** Sends one request; a fresh connection each time. */
  readonly send: (request: Pick<Exchange, 'body' | 'timeoutSeconds' | 'signal'>) => Promise<Received>
}

/** What one request came to. */
type Outcome =
  | { readonly kind: 'completion'; readonly completion: Completion }
  /** Nothing that can be used; asking the same again may help, after `wait` milliseconds. */
  | { readonly kind: 'again'; readonly code: string; readonly reason: string; readonly wait: number }
  | { readonly kind: 'never'; readonly code: string; readonly reason: string }

/** First of the waits that double, in milliseconds; no wait of ours is longer than the last. */
const FIRST_WAIT = 1000
const LONGEST_WAIT = 30_000

/**
 * One answer's critique. A reply that is not right is shown to the model again with what is wrong with it; a server
 * that stumbles is asked the same again. Both are new requests, `retries` of them at most; then the answer has failed.
 * @throws the signal's reason, and nothing else
 */
export async function ask(input: CriticInput, asking: Asking, signal: AbortSignal): Promise<Critique> {
  const { settings, clock } = asking
  const asked = messagesFor(input)
  const began = clock.now()
  let messages = asked
  let cost: Required<Cost> = { promptTokens: 0, newTokens: 0, seconds: 0 }
  let failure = { code: 'critic-failed', reason: 'The critic was not asked.' }
  const told = (): Cost => ({ ...cost, seconds: (clock.now() - began) / 1000 })
  for (let attempt = 0; attempt <= settings.retries; attempt++) {
    let outcome: Outcome
    try {
      outcome = await once(messages, attempt, asking, signal)
    } catch (error) {
      if (!(error instanceof BudgetSpent)) throw error
      return { status: 'failed', code: 'budget-spent', reason: error.message, cost: told() }
    }
    if (outcome.kind === 'completion') {
      const { content, cut, usage } = outcome.completion
      cost = {
        ...cost,
        promptTokens: cost.promptTokens + (usage?.promptTokens ?? 0),
        newTokens: cost.newTokens + (usage?.newTokens ?? 0)
      }
      const critique: Critique = cut
        ? { status: 'failed', code: 'bad-reply', reason: `It was longer than ${settings.maxTokens} tokens.` }
        : parseReply(content, input.response)
      if (critique.status === 'ok') return { ...critique, cost: told() }
      failure = { code: 'bad-reply', reason: `No reply could be used. ${critique.reason}` }
      messages = correction(asked, content, critique.reason)
      continue
    }
    failure = { code: outcome.code, reason: `${outcome.reason[0].toUpperCase()}${outcome.reason.slice(1)}.` }
    if (outcome.kind === 'never') break
    if (attempt < settings.retries) await clock.sleep(outcome.wait, signal)
  }
  return { status: 'failed', ...failure, cost: told() }
}

/** One request, or a few where the server does not take the form that it is asked for. */
async function once(
  messages: readonly Message[],
  attempt: number,
  asking: Asking,
  signal: AbortSignal
): Promise<Outcome> {
  const again = (code: string, reason: string): Outcome => ({
    ...{ kind: 'again', code, reason },
    wait: Math.min(FIRST_WAIT * 2 ** attempt, LONGEST_WAIT)
  })
  for (let { form } = asking.form; ;) {
    let received: Received
    let completion: Completion | string
    try {
      ;[received, completion] = await sendOnce(messages, form, asking, signal)
    } catch (error) {
      if (!(error instanceof ExchangeFailure)) throw error
      return again(error.kind === 'unusable' ? 'bad-reply' : 'critic-unreachable', error.message)
    }
    const { status } = received
    if (status === 200) {
      asking.form.took(form)
      return typeof completion === 'string'
        ? again('bad-reply', completion)
        : { kind: 'completion', completion }
    }
    const lower = asking.form.below(form)
    if (status === 400 && lower !== null) form = lower
    else if (status === 429) return waitAsTold(received, asking, again)
    else if (status >= 500) return again('critic-unreachable', `the server answers with status ${status}`)
    else if (status >= 300 && status < 400)
      return {
        ...{ kind: 'never', code: 'critic-unreachable' },
        reason: 'the server sends requests elsewhere; redirects are not followed'
      }
    else
      return { kind: 'never', code: 'critic-unreachable', reason: `the server refuses with status ${status}` }
  }
}

function waitAsTold(
  { retryAfter }: Received,
  { settings, limits }: Asking,
  again: (code: string, reason: string) => Outcome
): Outcome {
  const asks = retryWait(retryAfter, Date.now())
  if (asks === null) return again('critic-unreachable', 'the server has too many requests')
  if (asks > settings.longestWaitSeconds * 1000)
    return {
      ...{ kind: 'never', code: 'critic-unreachable' },
      reason: `the server asks to wait for ${Math.ceil(asks / 1000)} seconds, more than longestWaitSeconds`
    }
  // Whoever else is about to ask would only be turned away.
  limits.holdBack(asks)
  return { kind: 'again', code: 'critic-unreachable', reason: 'the server has too many requests', wait: 0 }
}

async function sendOnce(
  messages: readonly Message[],
  form: FormInUse['form'],
  { settings, limits, send }: Asking,
  signal: AbortSignal
): Promise<[Received, Completion | string]> {
  const most = mostTokens(messages, settings.maxTokens)
  const leave = await limits.take(most, signal)
  // What a request took that nobody counted is taken to be the most that it can have been.
  let used = most
  try {
    const body = JSON.stringify(bodyOf(settings, messages, form))
    const received = await send({ body, timeoutSeconds: leave.seconds, signal })
    const completion = readCompletion(received.type, received.text)
    if (received.status === 429 || received.status === 400) used = 0
    else if (typeof completion !== 'string' && completion.usage)
      used = completion.usage.promptTokens + completion.usage.newTokens
    return [received, completion]
  } catch (error) {
    if (error instanceof ExchangeFailure && error.kind === 'unreachable') used = 0
    if (error instanceof ExchangeFailure && error.kind === 'timeout' && leave.untilBudgetEnds)
      throw new BudgetSpent(`The budget of ${settings.budget.seconds} seconds is spent.`)
    throw error
  } finally {
    leave.settle(used)
  }
}
