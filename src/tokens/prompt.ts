import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja'
import type { Message } from '../pipeline/annotate/message'
import { Failure } from '../pipeline/failure'

/** How a prompt becomes text: the tokenizer's own chat template, `role: content` lines, or the last message as it is. */
export type PromptTemplate = 'tokenizer' | 'plain' | 'none'

/** Lines of `role: content`, ending where the assistant's answer begins. */
export function plainPrompt(messages: readonly Message[]): string {
  const lines = messages.map((message) => `${message.role}: ${message.content}`)
  return [...lines, 'assistant:'].join('\n')
}

/** Values that a chat template may use besides `messages`. */
export interface TemplateValues {
  readonly bosToken: string | null
  readonly eosToken: string | null
}

/** Numbers that a template may count through in all. Templates count a handful; a hostile one would count for ever. */
const mostCounted = 10_000

/**
 * Renders a chat template (Jinja, as Hugging Face's `apply_chat_template` with `add_generation_prompt`). The date is
 * not offered to it: the same prompt must give the same tokens tomorrow.
 */
export function renderChatTemplate(
  template: string,
  messages: readonly Message[],
  values: TemplateValues
): string {
  const environment = new Environment()
  let counted = 0
  const range = (first: number, second?: number, step = 1): number[] => {
    const [start, stop] = second === undefined ? [0, first] : [first, second]
    const length = step === 0 ? Infinity : Math.max(0, Math.ceil((stop - start) / step))
    counted += length
    if (!(counted <= mostCounted)) throw new Error('it counts too far')
    return Array.from({ length }, (_, i) => start + i * step)
  }
  const globals: Record<string, unknown> = {
    true: true,
    True: true,
    false: false,
    False: false,
    none: null,
    None: null,
    range,
    raise_exception: (reason: string) => {
      throw new Error(reason)
    },
    messages: messages.map(({ role, content }) => ({ role, content })),
    add_generation_prompt: true,
    bos_token: values.bosToken ?? '',
    eos_token: values.eosToken ?? ''
  }
  try {
    for (const [name, value] of Object.entries(globals)) environment.set(name, value)
    const program = parse(tokenize(template, { lstrip_blocks: true, trim_blocks: true }))
    const rendered = new Interpreter(environment).run(program).value
    if (typeof rendered === 'string') return rendered
    throw new Error('it gives no text')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Failure(
      'bad-configuration',
      `The model's chat template cannot be used with this prompt (${reason}); choose the template "plain" or "none".`
    )
  }
}
