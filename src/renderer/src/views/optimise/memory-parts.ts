import type { RunMemory } from '../../../../contract/ipc'

const sessionNames: Readonly<Record<string, string>> = {
  generator: 'Sampling',
  scorer: 'Log-probabilities',
  evaluator: 'Held-out answers',
  step: 'Training step'
}

/** An estimate's parts, the way a person reads them, in bytes; sessions of one kind are added up. */
export function memoryParts(memory: RunMemory): { readonly name: string; readonly size: number }[] {
  const { program, weights, trained, optimizer, results, sessions } = memory
  const sizes = new Map<string, number>()
  const add = (name: string, size: number): void => void sizes.set(name, (sizes.get(name) ?? 0) + size)
  add('The program', program)
  add('The model’s weights', weights)
  add('What is trained', trained)
  add('The optimiser', optimizer)
  add('Results on their way', results)
  for (const { name, weights: copies, activations, cache } of sessions) {
    const title = sessionNames[name] ?? name
    add('Copies of weights', copies)
    add(`${title}: activations`, activations)
    add(`${title}: keys and values`, cache)
  }
  return [...sizes].filter(([, size]) => size > 0).map(([name, size]) => ({ name, size }))
}
