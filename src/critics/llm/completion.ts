import { z } from 'zod'

const count = z.int().min(0).optional()

/** What is read of a completion; servers add keys of their own. */
const completion = z.looseObject({
  choices: z
    .array(
      z.looseObject({
        message: z.looseObject({ content: z.string() }),
        finish_reason: z.string().nullish()
      })
    )
    .min(1),
  usage: z.looseObject({ prompt_tokens: count, completion_tokens: count }).nullish()
})

export interface Completion {
  readonly content: string
  /** The reply ended at its longest and not by itself. */
  readonly cut: boolean
  /** As the server counts; null where it does not. */
  readonly usage: { readonly promptTokens: number; readonly newTokens: number } | null
}

/** A completion out of what a server sent, or a sentence that says what it is instead. */
export function readCompletion(type: string, text: string): Completion | string {
  if (type !== 'application/json')
    return `the server answers with ${type || 'no content type'}, not with JSON`
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return 'the server answers with JSON that breaks off or is damaged'
  }
  const parsed = completion.safeParse(json)
  if (!parsed.success)
    return `the server's JSON is no chat completion (${parsed.error.issues[0].path.join('.')})`
  const { choices, usage } = parsed.data
  const [{ message, finish_reason: finish }] = choices
  return {
    content: message.content,
    cut: finish === 'length',
    usage:
      usage?.prompt_tokens === undefined || usage.completion_tokens === undefined
        ? null
        : { promptTokens: usage.prompt_tokens, newTokens: usage.completion_tokens }
  }
}
