import type { Graph, Shape } from '../graph'
import type { RunSizes } from '../session'
import { moveAt } from './cache-store'
import type { RolloutOptions } from './rollout-graph'

/**
 * The runs of a rollout that take most, for whoever measures them without running: `columns` tokens of the prompts
 * behind those before, and the last turns behind a cache as long as it becomes.
 */
export function rolloutRuns(
  graph: Graph,
  { promptLength, maxNewTokens }: Pick<RolloutOptions, 'promptLength' | 'maxNewTokens'>,
  columns: number
): readonly RunSizes[] {
  const parts = graph.inputs.some(({ name }) => name.startsWith('older_'))
  const sized = (before: number, tokens: number, turns: number): RunSizes => {
    const [older, newer] = parts ? [before, 0] : [0, before]
    const open = (name: string): number => {
      if (name.startsWith('older_')) return older
      if (name.startsWith('newer_')) return newer
      if (name === 'seen_keys') return before
      return name === 'uniforms' ? turns : tokens
    }
    const sizes = new Map<string, Shape>(
      graph.inputs.map(({ name, shape }) => [name, shape.map((size) => (size < 0 ? open(name) : size))])
    )
    return { sizes, turns, waiting: waitingBytes(graph, before + tokens + turns - 1) }
  }
  const last = parts ? Math.min(moveAt, maxNewTokens) : maxNewTokens
  return [
    sized(promptLength - columns, columns, Math.min(few, maxNewTokens)),
    sized(promptLength + maxNewTokens - last, 1, last)
  ]
}

/** Caches that wait for the garbage collector: one on a quiet machine, another where it comes round later. */
const gathering = 2

/** Turns after a prompt while it is not known how long one takes. */
const few = 8

/** Keys and values of `length` tokens: as they went in, as they come back, and those of the runs before until they are collected. */
function waitingBytes({ inputs }: Graph, length: number): number {
  const caches = inputs.filter(({ name }) => name.startsWith('newer_'))
  const bytes = ({ shape }: { readonly shape: Shape }): number =>
    shape.reduce((product, size) => product * (size < 0 ? length : size), 4)
  return caches.reduce((sum, cache) => sum + (2 + gathering) * bytes(cache), 0)
}
