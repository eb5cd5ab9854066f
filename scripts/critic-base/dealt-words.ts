import { float32, type HostTensor } from '../../src/engine/graph'
import type { Chance } from '../../src/pipeline/optimise/chance'

/**
 * Embeddings whose words have exchanged their vectors. As long as they do so at every step nothing can be learnt of a
 * word, and what is learnt holds for each.
 * @param embedding [V, D]
 * @param ids the tokens that exchange
 */
export function dealWords(embedding: HostTensor, ids: readonly number[], chance: Chance): HostTensor {
  const { data, shape } = embedding
  if (!(data instanceof Float32Array)) throw new TypeError('Embeddings are float32.')
  const width = shape[1]
  const dealt = data.slice()
  chance
    .shuffle(ids)
    .forEach((from, place) => dealt.set(data.subarray(from * width, (from + 1) * width), ids[place] * width))
  return float32(shape, dealt)
}
