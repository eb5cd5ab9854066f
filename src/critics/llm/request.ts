import { z } from 'zod'
import type { CriticInput } from '../../contract/critic'
import type { Message } from '../../pipeline/annotate/message'
import { replySchema } from '../reply/format'
import { replyPrompt } from '../reply/prompt'
import type { LlmSettings } from './settings'

/** How the server is asked for JSON; the first that it takes. */
export const forms = ['json_schema', 'json_object', 'text'] as const
export type Form = (typeof forms)[number]

const { $schema: _, ...schema } = z.toJSONSchema(replySchema)

const formats: Readonly<Record<Form, object>> = {
  json_schema: {
    response_format: { type: 'json_schema', json_schema: { name: 'critique', strict: true, schema } }
  },
  json_object: { response_format: { type: 'json_object' } },
  text: {}
}

/** Characters of a reply that was not right, as it is shown to the model again. */
const SHOWN_AGAIN = 4000

export const messagesFor = (input: CriticInput): readonly Message[] => replyPrompt(input)

/** The same question once more, with the reply that was not right and what is wrong with it. */
export const correction = (asked: readonly Message[], reply: string, wrong: string): readonly Message[] => [
  ...asked,
  { role: 'assistant', content: reply.slice(0, SHOWN_AGAIN) },
  {
    role: 'user',
    content: `That reply cannot be used. ${wrong} Reply again with the whole JSON object and nothing else.`
  }
]

/** The body of a request: `POST …/chat/completions`, as OpenAI's API has it. */
export const bodyOf = (
  { model, temperature, seed, maxTokens }: LlmSettings,
  messages: readonly Message[],
  form: Form
): object => ({ model, messages, temperature, seed, max_tokens: maxTokens, stream: false, ...formats[form] })

/** Tokens that a tokenizer and its template may add to each message, and once. */
const AROUND_A_MESSAGE = 16

/**
 * Tokens that a request can take at most: no tokenizer makes more tokens than there are bytes, and the reply is bounded.
 * A template that adds more than a few words of its own is seen only in what the server counts afterwards.
 */
export const mostTokens = (messages: readonly Message[], maxTokens: number): number =>
  messages.reduce(
    (sum, { content }) => sum + Buffer.byteLength(content) + AROUND_A_MESSAGE,
    AROUND_A_MESSAGE
  ) + maxTokens
