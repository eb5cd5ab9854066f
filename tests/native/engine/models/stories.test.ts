import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { floats, Graph, int64 } from '../../../../src/engine/graph'
import { causalAttention } from '../../../../src/engine/models/causal-attention'
import { everyToken } from '../../../../src/engine/models/token-rows'
import { decoder, languageHead } from '../../../../src/engine/models/decoder'
import { fullParameters, loraParameters } from '../../../../src/engine/models/parameters'
import { constantWeights } from '../../../../src/engine/models/weights'
import { createScorer } from '../../../../src/engine/rl/scorer'
import { openRuntime } from '../../../../src/engine/runtime/session'
import { lacksShared, sharedPath } from '../../../shared-data'
import { readModel } from '../support/checkpoint'
import { Random } from '../support/random'
import { toyLora } from '../support/toy'

const lora = { kind: 'lora', lora: { rank: 4, alpha: 8, modules: toyLora.modules } } as const

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
        causalAttention(graph, model.config, everyToken(1, ids.length))
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

  it.each([lora, { kind: 'full' }] as const)(
    'is its own reference to the last bit: $kind',
    async (trainable) => {
      const model = readModel(sharedPath('models/stories260K'))
      const random = new Random(1)
      const [batch, length] = [4, 40]
      const runtime = openRuntime({ device: 'cpu', threads: 2, spinning: false })
      const parameters =
        trainable.kind === 'full'
          ? fullParameters(model)
          : loraParameters(model.config, trainable.lora, () => random.normal())
      const ids = BigInt64Array.from({ length: batch * length }, () => BigInt(random.below(512)))
      const scorer = await createScorer({ model, trainable, batch, length, runtime, reference: true })
      const scores = await scorer.score({ ids, temperature: 0.7, parameters })
      await scorer.release()
      expect(scores.kl.every((kl) => kl === 0)).toBe(true)
      expect(scores.referenceLogProbs).toEqual(scores.logProbs)
      expect(
        scores.logProbs.every((logProb, index) =>
          index % length === length - 1 ? logProb === 0 : logProb < 0
        )
      ).toBe(true)
      expect(
        scores.entropy.every(
          (entropy, index) => index % length === length - 1 || (entropy > 0 && entropy < Math.log(512))
        )
      ).toBe(true)
    }
  )
})
