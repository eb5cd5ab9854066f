import { createHash } from 'node:crypto'
import type { Critic, CriticInput, Critique } from '../contract/critic'

/** What critics have said, by a hash of what they were asked. Only what did not fail is in it. */
export interface CritiqueStore {
  get(key: string): OkCritique | undefined
  /** Keeps it if it can: a store that cannot write forgets, and nothing else changes. */
  put(key: string, critique: OkCritique): void
}

export type OkCritique = Extract<Critique, { status: 'ok' }>

/** SHA-256, hexadecimal, of critic, version and everything that the critic is shown. */
export function critiqueKey({ id, version }: Pick<Critic, 'id' | 'version'>, input: CriticInput): string {
  const { prompt, response, tests } = input
  const shown = [
    ...[id, version],
    prompt.map(({ role, content }) => [role, content]),
    response,
    tests ? [tests.test, tests.entryPoint] : null
  ]
  return createHash('sha256').update(JSON.stringify(shown)).digest('hex')
}

/**
 * A critic that asks only for what the store does not have. Order and streaming are the critic's own; a failure is
 * never kept, so that it is asked about again. What comes from the store cost nothing, and says no cost. An answer that
 * is twice in a batch is asked about once.
 */
export function cached(critic: Critic, store: CritiqueStore): Critic {
  return {
    id: critic.id,
    version: critic.version,
    async *score(batch, signal) {
      const keys = batch.map((input) => critiqueKey(critic, input))
      const known = new Map<string, Critique>()
      for (const key of keys) {
        const found = store.get(key)
        if (found) known.set(key, found)
      }
      const first = new Map(keys.map((key, index) => [key, index] as const).reverse())
      const missing = [...keys.entries()].filter(
        ([index, key]) => !known.has(key) && first.get(key) === index
      )
      const critiques = critic.score(
        missing.map(([index]) => batch[index]),
        signal
      )
      const asked = critiques[Symbol.asyncIterator]()
      try {
        for (const key of keys) {
          let critique = known.get(key)
          if (critique === undefined) {
            const next = await asked.next()
            if (next.done) return
            critique = next.value
            known.set(key, critique)
            if (critique.status === 'ok') store.put(key, withoutCost(critique))
          }
          yield critique
        }
      } finally {
        await asked.return?.()
      }
    }
  }
}

function withoutCost({ cost: _, ...critique }: OkCritique): OkCritique {
  return critique
}
