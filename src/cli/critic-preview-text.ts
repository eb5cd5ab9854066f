import type { CriticPreview } from '../contract/critic-preview'

/** What an `llm:` critic would send, for a person: the first request to the letter. */
export function criticPreviewText(preview: CriticPreview): string {
  const { url, host, loopback, allowed, apiKeyVariable, request, answers, requests, tokens, budget } = preview
  const bounds = [
    ...(budget.requests === null ? [] : [`${budget.requests} requests`]),
    ...(budget.tokens === null ? [] : [`${budget.tokens} tokens`]),
    ...(budget.seconds === null ? [] : [`${budget.seconds} seconds`])
  ]
  return [
    `The critic sends ${answers} answers with their prompts to ${url}: ${requests.least} to ${requests.most} requests, about ${tokens} tokens.`,
    loopback
      ? 'That is this machine.'
      : `${host} is not this machine, and ${allowed ? 'it is allowed' : `is not allowed: --allow-host ${host} would allow it`}.`,
    bounds.length === 0 ? 'There is no budget.' : `Its budget is ${bounds.join(', ')}.`,
    ...(apiKeyVariable === null ? [] : [`The value of ${apiKeyVariable} is sent as its key.`]),
    `The first request: ${request}`
  ].join('\n')
}
