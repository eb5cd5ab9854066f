/** `tokenizer_config.json` names a token by its text, or by an object that holds it. */
export function tokenNamed(value: unknown): string | null {
  if (typeof value === 'string') return value
  const content = (value as { content?: unknown } | null | undefined)?.content
  return typeof content === 'string' ? content : null
}

/** Every special token that a tokenizer's settings name, by its name there: `bos_token`. */
export function specialTokens(config: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const named = Object.entries(config).flatMap(([name, value]) => {
    const token = /^[a-z]+_token$/.test(name) ? tokenNamed(value) : null
    return token === null ? [] : [[name, token] as const]
  })
  return Object.fromEntries(named)
}

/** One template, or a list of named ones, of which `default` is meant. */
export function chatTemplateOf(value: unknown): string | null {
  if (typeof value === 'string') return value
  if (!Array.isArray(value)) return null
  const named = value as readonly { name?: unknown; template?: unknown }[]
  const template = (named.find((entry) => entry?.name === 'default') ?? named[0])?.template
  return typeof template === 'string' ? template : null
}
