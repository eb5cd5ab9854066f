import type { CancelSignal, Critic, Critique } from '../../../../src/contract/critic'
import { llmCritic, type LlmOptions } from '../../../../src/critics/llm/critic'
import { parseLlmSettings, type LlmSettings } from '../../../../src/critics/llm/settings'
import { FakeClock } from './fake-clock'

export const never = { aborted: false }

/** Settings as a file would have them. */
export const settingsFor = (url: string, more: object = {}): LlmSettings =>
  parseLlmSettings(JSON.stringify({ version: 1, url, model: 'test', ...more }), 'test.json')

/** A critic whose waits take no time. */
export const criticAt = (url: string, more: object = {}, options: LlmOptions = {}): Promise<Critic> =>
  llmCritic(settingsFor(url, more), { clock: new FakeClock(), ...options })

export async function askAll(
  critic: Critic,
  responses: readonly string[],
  signal: CancelSignal = never
): Promise<Critique[]> {
  const critiques: Critique[] = []
  const inputs = responses.map((response) => ({
    prompt: [{ role: 'user' as const, content: 'Say it.' }],
    response
  }))
  for await (const critique of critic.score(inputs, signal)) critiques.push(critique)
  return critiques
}
