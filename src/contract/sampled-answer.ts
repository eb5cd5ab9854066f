import { z } from 'zod'

/** One line of the sample job's prompts file. */
export const promptLine = z.object({
  id: z.string(),
  messages: z.array(z.strictObject({ role: z.enum(['system', 'user', 'assistant']), content: z.string() }))
})

/** One line of what the sample job writes: an answer of the policy and how it came about. */
export const sampledAnswer = z.strictObject({
  /** Id of the prompt's line in the job's prompts file. */
  promptId: z.string(),
  text: z.string(),
  ids: z.array(z.int().min(0)),
  finish: z.enum(['eos', 'length']),
  tokenizerHash: z.string(),
  modelHash: z.string(),
  adapterHash: z.string().nullable(),
  template: z.string(),
  temperature: z.number(),
  seed: z.int()
})
export type SampledAnswer = z.infer<typeof sampledAnswer>
