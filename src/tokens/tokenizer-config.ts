/** `tokenizer_config.json` names a token by its text, or by an object that holds it. */
export function tokenNamed(value: unknown): string | null {
  if (typeof value === 'string') return value
  const content = (value as { content?: unknown } | null | undefined)?.content
  return typeof content === 'string' ? content : null
}

/** One template, or a list of named ones, of which `default` is meant. */
export function chatTemplateOf(value: unknown): string | null {
  if (typeof value === 'string') return value
  if (!Array.isArray(value)) return null
  const named = value as readonly { name?: unknown; template?: unknown }[]
  const template = (named.find((entry) => entry?.name === 'default') ?? named[0])?.template
  return typeof template === 'string' ? template : null
}
