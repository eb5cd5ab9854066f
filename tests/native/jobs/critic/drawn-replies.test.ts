import { beforeAll, describe, expect, test } from 'vitest'
import type { Critique } from '../../../../src/contract/critic'
import { parseCriticTraining, type CriticRecord } from '../../../../src/contract/critic-record'
import { GenerativeScorer } from '../../../../src/jobs/critic/generative/critic'
import { versionOf } from '../../../../src/jobs/critic/version'
import { openPolicy, type Policy } from '../../../../src/jobs/model/policy'
import { examplesOf, starterModel } from './training'

type Reply = { readonly temperature?: number; readonly seed?: number }
const configOf = (reply: Reply) =>
  parseCriticTraining({
    ...{ kind: 'generative', base: starterModel, template: 'plain' },
    reply: { maxNewTokens: 80, ...reply }
  })

let policy: Policy
beforeAll(async () => {
  policy = await openPolicy(starterModel, { device: 'cpu', threads: 2 })
})

const examples = examplesOf(20)

/** What a model that was trained on none of it says, as far as chance decides it. */
async function written(reply: Reply, asked = examples): Promise<Critique[]> {
  const scorer = new GenerativeScorer({ policy, trainable: { kind: 'none' }, config: configOf(reply) })
  const critiques = await scorer.all(asked)
  await scorer.release()
  return critiques.map(({ cost: _, ...critique }) => critique as Critique)
}

describe('replies that are drawn', () => {
  let drawn: Critique[] = []
  beforeAll(async () => {
    drawn = await written({ temperature: 1, seed: 3 })
  })

  test('are in the format, every one, and differ between answers', () => {
    expect(drawn.map(({ status }) => status)).toEqual(examples.map(() => 'ok'))
    expect(new Set(drawn.map((critique) => JSON.stringify(critique))).size).toBeGreaterThan(15)
  })

  test('are the same again, and of an answer alone or in other company', async () => {
    expect(await written({ temperature: 1, seed: 3 })).toEqual(drawn)
    const [alone] = await written({ temperature: 1, seed: 3 }, [examples[7]])
    expect(words(alone)).toEqual(words(drawn[7]))
    const others = [...examples].reverse().slice(3, 15)
    const inOthers = await written({ temperature: 1, seed: 3 }, others)
    expect(inOthers.map(words)).toEqual([...drawn].reverse().slice(3, 15).map(words))
  })

  test('are others with another seed, and the likeliest without a temperature', async () => {
    const other = await written({ temperature: 1, seed: 4 })
    expect(other.filter((critique, index) => words(critique) === words(drawn[index])).length).toBeLessThan(5)
    const greedy = await written({})
    expect(await written({ temperature: 0, seed: 4 })).toEqual(greedy)
    expect(greedy.map(words)).not.toEqual(drawn.map(words))
    // Hardly any chance is left.
    expect((await written({ temperature: 1e-3, seed: 4 })).map(words)).toEqual(greedy.map(words))
  })
})

/** Without the probabilities, whose last digits depend on what else is computed. */
const words = (critique: Critique): string =>
  JSON.stringify(critique, (key, value: unknown) =>
    key === 'confidence' || key === 'allowedMass' ? undefined : value
  )

test('another temperature or seed is another version; none is the version that it has always been', () => {
  const versionWith = (reply: Reply): string =>
    versionOf('no folder', {
      ...{ kind: 'generative', base: { sha256: '' }, configuration: configOf(reply) }
    } as unknown as CriticRecord)
  const versions = [{}, { temperature: 1 }, { temperature: 0.7 }, { temperature: 1, seed: 2 }].map(
    versionWith
  )
  expect(new Set(versions).size).toBe(4)
  expect(configOf({}).reply).toEqual({ maxNewTokens: 80 })
})
