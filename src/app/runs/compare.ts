import type { RunDetail } from '../../contract/ipc'

/** Settings in which runs differ, by dotted key: one value a run, in order. */
export function configDifferences(runs: readonly Pick<RunDetail, 'config'>[]): Record<string, unknown[]> {
  const flat = runs.map(({ config }) => flatten(config))
  const keys = new Set(flat.flatMap((settings) => Object.keys(settings)))
  const differences: Record<string, unknown[]> = {}
  for (const key of keys) {
    const values = flat.map((settings) => settings[key] ?? null)
    if (new Set(values.map((value) => JSON.stringify(value))).size > 1) differences[key] = values
  }
  return differences
}

function flatten(value: object, prefix = ''): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]: [string, unknown]) =>
      inner !== null && typeof inner === 'object' && !Array.isArray(inner)
        ? Object.entries(flatten(inner, `${prefix}${key}.`))
        : [[`${prefix}${key}`, inner]]
    )
  )
}
