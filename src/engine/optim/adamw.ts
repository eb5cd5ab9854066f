import {
  add,
  divide,
  minimum,
  multiply,
  scalar,
  squareRoot,
  subtract,
  sumOf,
  sumOfSquares,
  type Graph,
  type HostTensor,
  type Value
} from '../graph'

const beta1 = 0.9
const beta2 = 0.999
const epsilon = 1e-8
/** Keeps the clip from dividing by nothing. */
const clipEpsilon = 1e-6

export interface OptimizerSettings {
  readonly learningRate: number
  /** Pulls matrices towards zero; norm gains and biases are left alone. */
  readonly weightDecay: number
  /** Largest norm of the gradient; longer ones are scaled down to it. The value head has a norm of its own. */
  readonly gradientClip: number
}

/** The optimiser's inputs of a step graph. */
export interface OptimizerInputs {
  readonly learningRate: Value
  readonly weightDecay: Value
  readonly gradientClip: Value
  /** 1 / (1 - β₁ᵗ) and 1 / (1 - β₂ᵗ) for step t. */
  readonly correction1: Value
  readonly correction2: Value
}

export function optimizerInputs(graph: Graph): OptimizerInputs {
  const input = (name: string): Value => graph.input(name, 'float32', [])
  return {
    learningRate: input('learningRate'),
    weightDecay: input('weightDecay'),
    gradientClip: input('gradientClip'),
    correction1: input('correction1'),
    correction2: input('correction2')
  }
}

/** What to feed for `optimizerInputs` at step `step`, counted from 1. */
export const optimizerFeeds = (settings: OptimizerSettings, step: number): Record<string, HostTensor> => ({
  learningRate: scalar(settings.learningRate),
  weightDecay: scalar(settings.weightDecay),
  gradientClip: scalar(settings.gradientClip),
  correction1: scalar(1 / (1 - beta1 ** step)),
  correction2: scalar(1 / (1 - beta2 ** step))
})

export interface Updated {
  readonly parameter: Value
  readonly first: Value
  readonly second: Value
}

export interface Update {
  /** Euclidean norm of all gradients together, before the clip. */
  readonly norm: Value
  /** Sum of squares of each gradient: tells which one is at fault when the norm is no number. */
  readonly squares: ReadonlyMap<string, Value>
  readonly updated: ReadonlyMap<string, Updated>
}

/**
 * One AdamW step on a set of tensors that share a gradient clip, as part of the graph.
 * Source: Loshchilov and Hutter, Decoupled Weight Decay Regularization, algorithm 2, in PyTorch's form.
 */
export function adamw(
  graph: Graph,
  parameters: ReadonlyMap<string, Value>,
  gradients: ReadonlyMap<string, Value>,
  inputs: OptimizerInputs
): Update {
  const gradientOf = (name: string): Value => {
    const found = gradients.get(name)
    if (!found) throw new Error(`${name} has no gradient.`)
    return found
  }
  const squares = new Map([...parameters.keys()].map((name) => [name, sumOfSquares(gradientOf(name))]))
  const norm = squareRoot(sumOf([...squares.values()]))
  const shrink = minimum(divide(inputs.gradientClip, add(norm, clipEpsilon)), 1)
  const rate1 = multiply(shrink, 1 - beta1)
  const rate2 = multiply(multiply(shrink, shrink), 1 - beta2)
  const stepSize = multiply(inputs.learningRate, inputs.correction1)
  const rootCorrection = squareRoot(inputs.correction2)
  const keep = subtract(1, multiply(inputs.learningRate, inputs.weightDecay))

  const updated = new Map<string, Updated>()
  for (const [name, parameter] of parameters) {
    const gradient = gradientOf(name)
    const moment = (kind: string): Value => graph.input(`${kind}.${name}`, 'float32', parameter.shape)
    const first = add(multiply(moment('first'), beta1), multiply(gradient, rate1))
    const second = add(multiply(moment('second'), beta2), multiply(multiply(gradient, gradient), rate2))
    const size = add(multiply(squareRoot(second), rootCorrection), epsilon)
    const decayed = parameter.shape.length > 1 ? multiply(parameter, keep) : parameter
    const next = subtract(decayed, divide(multiply(first, stepSize), size))
    updated.set(name, { parameter: next, first, second })
  }
  return { norm, squares, updated }
}
