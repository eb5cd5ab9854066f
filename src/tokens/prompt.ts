import { Environment, parse, tokenize } from '@huggingface/jinja'
import type { Message } from '../pipeline/annotate/message'
import { Failure } from '../pipeline/failure'
import { BoundedInterpreter } from './bounded-interpreter'

/** How a prompt becomes text: the tokenizer's own chat template, `role: content` lines, or the last message as it is. */
export type PromptTemplate = 'tokenizer' | 'plain' | 'none'

/** Lines of `role: content`, ending where the assistant's answer begins. */
export function plainPrompt(messages: readonly Message[]): string {
  const lines = messages.map((message) => `${message.role}: ${message.content}`)
  return [...lines, 'assistant:'].join('\n')
}

/** Special tokens that a chat template may use, by their names: `bos_token`. */
export type TemplateTokens = Readonly<Record<string, string>>

/** Numbers that a template may count through in all. Templates count a handful; a hostile one would count for ever. */
const mostCounted = 10_000
/** Code units. The longest in use have some twenty thousand. */
const longestTemplate = 1 << 18

/**
 * Renders a chat template (Jinja, as Hugging Face's `apply_chat_template` with `add_generation_prompt`). The date is
 * not offered to it: the same prompt must give the same tokens tomorrow. Steps, time and memory are bounded.
 * Throws a Failure `bad-configuration` that says why the template cannot be used.
 */
export function renderChatTemplate(
  template: string,
  messages: readonly Message[],
  tokens: TemplateTokens
): string {
  try {
    if (template.length > longestTemplate) throw new Error('it is too long')
    const program = parse(tokenize(transparent(template), { lstrip_blocks: true, trim_blocks: true }))
    const rendered = new BoundedInterpreter(environmentOf(messages, tokens)).run(program).value
    if (typeof rendered === 'string') return rendered
    throw new Error('it gives no text')
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').slice(0, 200)
    throw new Failure(
      'bad-configuration',
      `The model's chat template cannot be used with this prompt (${reason}); choose the template "plain" or "none".`
    )
  }
}

/** Hugging Face marks what the assistant says with a tag of its own, which changes no text. */
const transparent = (template: string): string =>
  template
    .replace(/\{%(-?) {0,9}generation {0,9}(-?)%\}/g, '{%$1 if true $2%}')
    .replace(/\{%(-?) {0,9}endgeneration {0,9}(-?)%\}/g, '{%$1 endif $2%}')

function environmentOf(messages: readonly Message[], tokens: TemplateTokens): Environment {
  let counted = 0
  const range = (first: number, second?: number, step = 1): number[] => {
    const [start, stop] = second === undefined ? [0, first] : [first, second]
    const length = step === 0 ? Infinity : Math.max(0, Math.ceil((stop - start) / step))
    counted += length
    if (!(counted <= mostCounted)) throw new Error('it counts too far')
    return Array.from({ length }, (_, i) => start + i * step)
  }
  const globals: Record<string, unknown> = {
    bos_token: '',
    eos_token: '',
    ...tokens,
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
    add_generation_prompt: true
  }
  const environment = new Environment()
  for (const [name, value] of Object.entries(globals)) environment.set(name, value)
  return environment
}
