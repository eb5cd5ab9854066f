/** Critics are named by a kind and, for most, a path or an address: `rules:FILE`, `tests`, `llm:…`, `trained:DIR`. */

/** The settings file of `llm:FILE.json`; null for `llm:URL#MODEL` and for other kinds. */
export function llmSettingsFile(specification: string): string | null {
  const what = /^llm:(.+)$/s.exec(specification)?.[1]
  return what === undefined || /^https?:\/\//i.test(what) ? null : what
}

/** The specification with the path in it, if it has one, as `place` makes it. */
export function placeCritic(specification: string, place: (path: string) => string): string {
  const file = llmSettingsFile(specification)
  if (file !== null) return `llm:${place(file)}`
  const [, kind, path] = /^(rules|trained):(.+)$/s.exec(specification) ?? []
  return kind === undefined ? specification : `${kind}:${place(path)}`
}
