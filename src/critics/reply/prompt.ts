import type { CriticInput } from '../../contract/critic'
import type { Message } from '../../pipeline/annotate/message'

/** `instructed` explains the task, for a model that has never seen it; `bare` is for one that is trained on it. */
export type ReplyPrompt = 'instructed' | 'bare'

const instructions = `Judge the response below and mark the stretches of it that are notably good or poor.
Reply with one JSON object and nothing else:
{"critique":"what is good and what is poor, in a few sentences","spans":[{"quote":"words copied from the response","occurrence":1,"polarity":"good, poor or neutral","reason":"why, in a few words"}]}
Think in the critique first; each span must follow from it. Copy every quote exactly as it stands in the response; keep it short. "occurrence" counts from 1 which occurrence of the quote is meant. If nothing is notable, "spans" is [] and the critique says so.`

/**
 * What a model is asked: one user message. The response stands in it as a JSON string, so that a quote in the reply is
 * spelt as it is here, to the letter, and nothing in the response can pass for the end of it.
 */
export function replyPrompt(
  { prompt, response }: Pick<CriticInput, 'prompt' | 'response'>,
  style: ReplyPrompt = 'instructed'
): readonly Message[] {
  const turns = prompt.map(({ role, content }) => `${role}: ${JSON.stringify(content)}`)
  const shown = [...turns, `response: ${JSON.stringify(response)}`]
  const content = style === 'bare' ? shown : [instructions, '', ...shown]
  return [{ role: 'user', content: content.join('\n') }]
}
