import { floats, Graph, int64, type ParameterSet } from '../../../../src/engine/graph'
import { causalAttention } from '../../../../src/engine/models/causal-attention'
import { everyToken } from '../../../../src/engine/models/token-rows'
import { decoder, languageHead } from '../../../../src/engine/models/decoder'
import type { Model, Trainable } from '../../../../src/engine/models/model'
import { bindWeights } from '../../../../src/engine/models/weights'
import { openRuntime } from '../../../../src/engine/runtime/session'

export const runtime = openRuntime({ device: 'cpu', threads: 1 })

/** Logits of every position by a full forward pass, no cache and no padding: [T][V]. */
export async function fullForward(
  model: Model,
  trainable: Trainable,
  parameters: ParameterSet,
  ids: readonly number[]
): Promise<Float32Array[]> {
  const { config } = model
  const graph = new Graph()
  const { policy } = bindWeights(graph, model, trainable, false)
  const input = graph.input('ids', 'int64', [1, ids.length])
  const hidden = decoder(config, policy, input, causalAttention(graph, config, everyToken(1, ids.length)))
  graph.output('logits', languageHead(config, policy, hidden))
  const session = await runtime.open(graph)
  const tensor = int64([1, ids.length], BigInt64Array.from(ids, BigInt))
  const { logits } = await session.run({ ids: tensor, ...Object.fromEntries(parameters) })
  await session.release()
  const size = config.vocabularySize
  return ids.map((_, t) => floats(logits).slice(t * size, (t + 1) * size) as Float32Array)
}

/** softmax(logits / temperature) in double precision. */
export function distribution(logits: ArrayLike<number>, temperature = 1): number[] {
  const scaled = Array.from(logits, (logit) => logit / temperature)
  const highest = Math.max(...scaled)
  const weights = scaled.map((value) => Math.exp(value - highest))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map((weight) => weight / total)
}

export const indexOfLargest = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((best, value, index, all) => (value > all[best] ? index : best), 0)

export interface Filters {
  readonly penalty?: number
  readonly allowed?: (token: number) => boolean
  readonly temperature?: number
  readonly topK?: number
  readonly topP?: number
}

/**
 * The distribution that a token is drawn from, by the book and in double precision: penalty, mask, temperature, top-k,
 * top-p, what is left made to sum to 1. `held` are the tokens that the sequence holds.
 */
export function filteredDistribution(
  logits: ArrayLike<number>,
  held: readonly number[],
  filters: Filters
): number[] {
  const { penalty = 1, allowed = () => true, temperature = 1, topK = Infinity, topP = 1 } = filters
  const penalised = Array.from(logits, (logit, token) =>
    held.includes(token) ? (logit > 0 ? logit / penalty : logit * penalty) : logit
  )
  const scaled = distribution(
    penalised.map((logit, token) => (allowed(token) ? logit : -Infinity)),
    temperature
  )
  const ranked = scaled.map((p, token) => ({ p, token })).sort((a, b) => b.p - a.p)
  const first = ranked.slice(0, topK)
  const total = first.reduce((sum, { p }) => sum + p, 0)
  let before = 0
  const kept = first.filter(({ p }) => {
    const keep = before < topP * total || before === 0
    before += p
    return keep && p > 0
  })
  const mass = kept.reduce((sum, { p }) => sum + p, 0)
  const result = scaled.map(() => 0)
  for (const { p, token } of kept) result[token] = p / mass
  return result
}
