import type { CriticInput } from '../../contract/critic'
import type { CriticPreview } from '../../contract/critic-preview'
import { isAllowed, placeOf } from './host'
import { bodyOf, forms, messagesFor } from './request'
import { readLlmSettings, type LlmSettings } from './settings'

/** Stands for an answer that is not written yet: a run's own answers, before it has begun. */
export const unwritten = '{{answer}}'

/** Bytes of a token, about. */
const BYTES_A_TOKEN = 4

export interface PreviewOptions {
  readonly allowedHosts?: readonly string[]
  /** Answers that would be asked about, if they are more than the inputs: those of all steps of a run. */
  readonly answers?: number
}

/**
 * What an `llm:` critic would send about these answers: the first request as it would leave, and how many. Nothing is
 * sent, no name is looked up and no key is read. `null` for a specification of another kind.
 * @throws Failure bad-configuration, bad-json, and what reading the settings may throw
 */
export async function previewCritic(
  specification: string,
  inputs: readonly CriticInput[],
  options: PreviewOptions = {}
): Promise<CriticPreview | null> {
  const what = /^llm:(.+)$/s.exec(specification)?.[1]
  if (what === undefined) return null
  return previewLlm(await readLlmSettings(what), inputs, options)
}

export function previewLlm(
  settings: LlmSettings,
  inputs: readonly CriticInput[],
  { allowedHosts = [], answers = inputs.length }: PreviewOptions
): CriticPreview {
  const place = placeOf(settings.url)
  const { budget, retries, apiKeyVariable, maxTokens } = settings
  const bodies = inputs.map((input) => JSON.stringify(bodyOf(settings, messagesFor(input), forms[0])))
  const bytes = bodies.reduce((sum, body) => sum + Buffer.byteLength(body), 0)
  const each = inputs.length === 0 ? 0 : bytes / inputs.length / BYTES_A_TOKEN + maxTokens
  const within = (count: number): number => Math.min(count, budget.requests ?? count)
  return {
    url: `${place.secure ? 'https' : 'http'}://${place.host}${place.path}`,
    host: place.hostname,
    loopback: place.loopback,
    allowed: isAllowed(place, allowedHosts),
    apiKeyVariable,
    request: bodies[0] ?? '',
    answers,
    // A server that refuses a form is asked for the next one in the place of the same request.
    requests: { least: within(answers), most: within(answers * (retries + 1) * forms.length) },
    tokens: Math.round(each * answers),
    budget
  }
}
