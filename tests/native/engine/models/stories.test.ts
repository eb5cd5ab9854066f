import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { floats, Graph, int64 } from '../../../../src/engine/graph'
import { causalAttention, decoder, languageHead } from '../../../../src/engine/models/llama'
import { constantWeights } from '../../../../src/engine/models/weights'
import { openRuntime } from '../../../../src/engine/runtime/session'
import { lacksShared, sharedPath } from '../../../shared-data'
import { readModel } from '../support/checkpoint'

describe.skipIf(lacksShared('models/stories260K'))('stories260K', () => {
  it('finds the expected token most likely at every position of the greedy story', async () => {
    const model = readModel(sharedPath('models/stories260K'))
    const { greedy_ids: ids } = JSON.parse(
      readFileSync(sharedPath('models/stories260K/expected-greedy.json'), 'utf8')
    ) as { greedy_ids: number[] }
    for (const fused of [true, false]) {
      const graph = new Graph({ fused })
      const weights = constantWeights(graph, model)
      const input = graph.input('ids', 'int64', [1, ids.length])
      const hidden = decoder(
        model.config,
        weights,
        input,
        causalAttention(graph, model.config, 1, ids.length)
      )
      graph.output('logits', languageHead(model.config, weights, hidden))
      const session = await openRuntime({ device: 'cpu', threads: 1 }).open(graph)
      const { logits } = await session.run({ ids: int64([1, ids.length], BigInt64Array.from(ids, BigInt)) })
      await session.release()
      const vocabulary = model.config.vocabularySize
      const likeliest = ids.map((_, position) => {
        const row = floats(logits).subarray(position * vocabulary, (position + 1) * vocabulary)
        return row.reduce((best, value, token) => (value > row[best] ? token : best), 0)
      })
      expect(likeliest.slice(0, -1)).toEqual(ids.slice(1))
    }
  })
})
