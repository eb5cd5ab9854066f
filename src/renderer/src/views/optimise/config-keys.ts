/** Puts a value at a dotted key, making the objects on the way. */
export function put(target: Record<string, unknown>, key: string, value: unknown): void {
  const [first, ...rest] = key.split('.')
  if (rest.length === 0) target[first] = value
  else put((target[first] ??= {}) as Record<string, unknown>, rest.join('.'), value)
}

/** A configuration as dotted keys and their values. Lists are values. */
export function flatten(config: object, prefix = ''): Map<string, unknown> {
  const flat = new Map<string, unknown>()
  for (const [name, value] of Object.entries(config)) {
    const key = `${prefix}${name}`
    if (value !== null && typeof value === 'object' && !Array.isArray(value))
      for (const [inner, found] of flatten(value as object, `${key}.`)) flat.set(inner, found)
    else flat.set(key, value)
  }
  return flat
}

/** The keys in which configurations differ, with the value of each in order. */
export function differences(configs: readonly object[]): { key: string; values: unknown[] }[] {
  const flat = configs.map((config) => flatten(config))
  const keys = [...new Set(flat.flatMap((one) => [...one.keys()]))]
  return keys
    .map((key) => ({ key, values: flat.map((one) => one.get(key) ?? null) }))
    .filter(({ values }) => new Set(values.map((value) => JSON.stringify(value))).size > 1)
}
