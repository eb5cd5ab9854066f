import { describe, expect, it } from 'vitest'
import type { Graph } from '../../../../src/engine/graph'
import type { Trainable } from '../../../../src/engine/models/model'
import { newTrainingState } from '../../../../src/engine/optim/state'
import { spanHeadParameters, tokenClasses } from '../../../../src/engine/rl/span-head'
import { classifierLoss } from '../../../../src/engine/rl/token-classifier'
import { createTokenClassifier } from '../../../../src/engine/rl/token-classifier-scorer'
import { classifierInputs, createClassifierStep } from '../../../../src/engine/rl/token-classifier-step'
import { openRuntime } from '../../../../src/engine/runtime/session'
import { analyticGradients, worst, worstErrors } from '../support/differences'
import { Random } from '../support/random'
import { toyConfig, toyLora, toyModel, toyParameters } from '../support/toy'

const batch = 3
const length = 9
const responseTokens = 16
const runtime = openRuntime({ device: 'cpu', threads: 1 })

function toy(trainable: Trainable, tied = true) {
  const random = new Random(23)
  const model = toyModel(toyConfig(tied), random)
  const parameters = toyParameters(model, trainable, false, random)
  for (const [name, { shape, data }] of spanHeadParameters(model.config))
    parameters.set(name, { dtype: 'float32', shape, data: random.floats(data.length) })
  const count = batch * length
  const ids = BigInt64Array.from({ length: count }, () => BigInt(random.below(model.config.vocabularySize)))
  const weights = Float32Array.from({ length: count }, (_, at) =>
    at % length >= 2 && at % length < length - 2 ? 0.5 + (at % 3) : 0
  )
  const classes = Float32Array.from({ length: count }, () => random.below(tokenClasses.length))
  const options = { model, trainable, batch, length, responseTokens }
  return { options, parameters, given: { ids, weights, classes } }
}

const kinds: (readonly [string, Trainable, boolean])[] = [
  ['full, tied', { kind: 'full' }, true],
  ['full, untied', { kind: 'full' }, false],
  ['adapter', { kind: 'lora', lora: toyLora }, true]
]

describe('a token classifier', () => {
  it.each(kinds)('has the gradients of float64 central differences: %s', async (_, trainable, tied) => {
    const { options, parameters, given } = toy(trainable, tied)
    const settings = { languageCoefficient: 0.4, classWeights: { poor: 3, good: 2 } }
    const [fed] = classifierInputs(options, [given], settings)
    const inputs = { ...Object.fromEntries(parameters), ...fed }
    const build = (graph: Graph) => classifierLoss(graph, options)
    const exact = await analyticGradients(build, inputs, 'float64')
    const fused = await analyticGradients(build, inputs, 'fused float32')
    const [exactErrors, fusedErrors] = await worstErrors(build, inputs, [exact, fused])
    expect(worst(exactErrors)).toBeLessThanOrEqual(1e-6)
    expect(worst(fusedErrors)).toBeLessThanOrEqual(1e-4)
  })

  it('shares the loss by weight and class over all micro-batches, and leaves poor tokens out of the language', () => {
    const { options, given } = toy({ kind: 'full' })
    const settings = { classWeights: { poor: 3 } }
    const fed = classifierInputs(options, [given, given], settings)
    const sum = (name: string) =>
      fed.reduce((all, inputs) => all + (inputs[name].data as Float32Array).reduce((a, b) => a + b, 0), 0)
    expect(sum('classShares')).toBeCloseTo(1, 5)
    expect(sum('languageShares')).toBeCloseTo(1, 5)
    const kept = [...given.weights.keys()].filter((at) => given.weights[at] > 0)
    kept.forEach((at, place) => {
      const share = (fed[0].languageShares.data as Float32Array)[place]
      expect(share === 0).toBe(tokenClasses[given.classes[at]] === 'poor')
    })
  })

  it('judges a token with itself in sight, and nothing after it', async () => {
    const { options, parameters, given } = toy({ kind: 'full' })
    const classifier = await createTokenClassifier({ ...options, runtime })
    const mask = given.weights
    const before = await classifier.classify(given.ids, mask, parameters)
    const kept = [...mask.keys()].filter((at) => mask[at] > 0)
    const [place, position] = [2, kept[2]]
    const other = given.ids.slice()
    other[position + 1] = (other[position + 1] + 1n) % 5n
    const after = await classifier.classify(other, mask, parameters)
    await classifier.release()
    expect(before.every((classes) => Math.abs(classes.reduce((a, b) => a + b, 0) - 1) < 1e-5)).toBe(true)
    expect(after.slice(0, place)).toEqual(before.slice(0, place))
    expect(after[place]).not.toEqual(before[place])
  })

  it('learns which tokens are poor', async () => {
    const { options, parameters, given } = toy({ kind: 'full' })
    const classes = Float32Array.from(given.ids.subarray(1), (id) =>
      tokenClasses.indexOf(id % 3n === 0n ? 'poor' : 'neutral')
    )
    const step = await createClassifierStep({ ...options, runtime })
    const state = newTrainingState(parameters)
    const settings = { learningRate: 0.02, weightDecay: 0, gradientClip: 1 }
    const example = { ...given, classes: Float32Array.from([...classes, 1]) }
    for (let taken = 0; taken < 60; taken++) await step.step(example, settings, state)
    await step.release()
    const classifier = await createTokenClassifier({ ...options, runtime })
    const said = await classifier.classify(given.ids, given.weights, state.parameters)
    await classifier.release()
    const kept = [...given.weights.keys()].filter((at) => given.weights[at] > 0)
    expect(said.map((probabilities) => probabilities[0] > 0.5)).toEqual(
      kept.map((at) => example.classes[at] === 0)
    )
  })
})
