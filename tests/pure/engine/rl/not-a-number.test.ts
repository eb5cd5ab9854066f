import { describe, expect, test } from 'vitest'
import { float32, type HostTensor } from '../../../../src/engine/graph'
import { newTrainingState } from '../../../../src/engine/optim/state'
import { notANumber, outsideStep } from '../../../../src/engine/rl/not-a-number'

const tensor = (...values: number[]): HostTensor => float32([values.length], Float32Array.from(values))
const sound = () =>
  newTrainingState(
    new Map([
      ['a.weight', tensor(1, -3)],
      ['b.weight', tensor(2)]
    ])
  )
const held = (dtype: 'float16' | 'bfloat16', ...bits: number[]): HostTensor => ({
  dtype,
  shape: [bits.length],
  data: Uint16Array.from(bits)
})

describe('a number that came out of the model', () => {
  const sentenceOf = (model: Record<string, HostTensor>): string =>
    outsideStep('It is NaN', sound(), new Map(Object.entries(model))).message

  test.each([
    // Largest finite, then infinity, then NaN of each 16-bit type.
    ['float16', 0x7bff, 0xfc00, 0x7e01],
    ['bfloat16', 0xff7f, 0x7f80, 0x7fc0]
  ] as const)('is traced to a weight held as %s', (dtype, largest, infinite, none) => {
    expect(sentenceOf({ 'c.weight': held(dtype, 0, largest, infinite) })).toBe(
      "It is NaN: the model's own tensor c.weight holds Infinity."
    )
    expect(sentenceOf({ 'c.weight': held(dtype, largest, none) })).toMatch(/c\.weight holds NaN/)
    expect(sentenceOf({ 'c.weight': held(dtype, 0, largest) })).toBe(
      'It is NaN: the largest trained weight is 3.0e+0, in a.weight.'
    )
  })

  test('is traced to a moment', () => {
    const state = sound()
    state.second.set('b.weight', tensor(NaN))
    expect(outsideStep('It is NaN', state).message).toMatch(/AdamW's second moment of b\.weight holds NaN/)
  })
})

describe('a step that came to nothing', () => {
  const evidence = {
    stats: { loss: 1, policyLoss: 1, gradientNorm: NaN },
    norms: ['gradientNorm'],
    gradientSquares: new Map([
      ['a.weight', NaN],
      ['b.weight', NaN],
      ['c.weight', 4]
    ]),
    state: sound(),
    inputs: {},
    constants: []
  }

  test('names the gradient nearest to the loss, where the first NaN arose', () => {
    expect(notANumber(evidence).message).toMatch(
      /^The gradient of b\.weight holds NaN, and those of 1 more tensors below it are too; the weights were left/
    )
  })

  test('names a part of the loss rather than the whole', () => {
    const stats = { loss: NaN, policyLoss: 1, valueLoss: Infinity, gradientNorm: NaN }
    expect(notANumber({ ...evidence, stats }).message).toMatch(
      /^The loss term valueLoss is Infinity although every weight is a number \(the largest is 3\.0e\+0, in a\.weight\)/
    )
  })

  test('names an input before what follows from it', () => {
    const inputs = { advantages: tensor(0, NaN) }
    expect(notANumber({ ...evidence, inputs }).message).toMatch(/^The step's input advantages holds NaN/)
  })

  test('says when nothing but the sum overflows', () => {
    const gradientSquares = new Map([
      ['a.weight', 3e38],
      ['b.weight', 3e38]
    ])
    const stats = { ...evidence.stats, gradientNorm: Infinity }
    expect(notANumber({ ...evidence, stats, gradientSquares }).message).toMatch(
      /^The norm of the gradients together overflows/
    )
  })
})
