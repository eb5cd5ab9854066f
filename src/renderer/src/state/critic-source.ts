/** A critic that is put together from what a person types. */
export type CriticSource = 'rules' | 'tests' | 'llm'

/** Its specification, as in run.json; null until it can be one. */
export function specificationOf(source: CriticSource, words: string): string | null {
  if (source === 'tests') return 'tests'
  return missingOf(source, words) === undefined ? `${source}:${words.trim()}` : null
}

/** What keeps it from being one, in words. */
export function missingOf(source: CriticSource, words: string): string | undefined {
  const typed = words.trim()
  if (source === 'tests') return undefined
  if (source === 'rules') return typed === '' ? 'Choose the critic’s rules file.' : undefined
  if (typed === '') return 'Give the critic’s address and model, or its settings file.'
  return /^https?:\/\//i.test(typed) && !/#./.test(typed)
    ? 'Name the model after a #, such as http://127.0.0.1:11434/v1#model.'
    : undefined
}
