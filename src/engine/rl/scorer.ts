import { exponential, floats, gatherElements, Graph, multiply, negate, reshape, sum } from '../graph'
import type { HostTensor, ParameterSet } from '../graph'
import { referenceInputs } from '../models/weights'
import type { Runtime, Tensors } from '../session'
import { batchInputs } from './inputs'
import { policyPass, type PassOptions } from './policy-pass'

export interface ScorerOptions extends PassOptions {
  readonly runtime: Runtime
}

export interface ScoreRequest {
  /** [B·T]; shorter sequences are padded at the end. */
  readonly ids: BigInt64Array
  /**
   * Which positions are measured, those where it is not 0; left out, all are. Needed with `responseTokens`, and tokens
   * behind the last one of a row cost nothing.
   */
  readonly mask?: Float32Array
  readonly temperature: number
  /** The trained tensors; may be left out when nothing is trained. */
  readonly parameters?: ParameterSet
}

/**
 * All [B·T], row-major. Entry t belongs to the prediction of token t + 1 from tokens 0 to t; the last of a row, and
 * those that are not measured (before `firstPosition`, or outside the mask), are 0.
 */
export interface Scores {
  /** log p(token), nats. */
  readonly logProbs: Float32Array
  /** log q(token) of the reference; zeros without one. */
  readonly referenceLogProbs: Float32Array
  /** KL(policy ‖ reference) over the whole vocabulary, nats; zeros without a reference. */
  readonly kl: Float32Array
  /** Of the policy's distribution, nats. */
  readonly entropy: Float32Array
  /** Of the value head; zeros without one. */
  readonly values: Float32Array
}

export interface Scorer {
  score(request: ScoreRequest): Promise<Scores>
  release(): Promise<void>
}

/** One forward pass that measures everything an update and a report need. */
export async function createScorer(options: ScorerOptions): Promise<Scorer> {
  const { runtime, model, trainable, batch, length, reference = false, firstPosition = 0 } = options
  const graph = new Graph()
  const pass = policyPass(graph, options)
  const rows = pass.logProb.shape
  graph.output('logProbs', pass.logProb)
  const expected = multiply(exponential(pass.distribution), pass.distribution)
  graph.output('entropy', negate(sum(expected, [1])))
  if (pass.referenceDistribution)
    graph.output('referenceLogProbs', reshape(gatherElements(pass.referenceDistribution, pass.tokens), rows))
  if (pass.kl) graph.output('kl', pass.kl)
  if (pass.values) graph.output('values', pass.values)
  const constantInputs = reference ? referenceInputs(model, trainable) : {}
  const session = await runtime.open(graph)

  const spread = (tensor: HostTensor | undefined, mask: Float32Array | undefined): Float32Array => {
    const whole = new Float32Array(batch * length)
    if (!tensor) return whole
    if (mask && options.responseTokens !== undefined) {
      let place = 0
      mask.forEach((kept, position) => {
        if (kept !== 0) whole[position] = floats(tensor)[place++]
      })
      return whole
    }
    const positions = length - 1 - firstPosition
    for (let row = 0; row < batch; row++)
      whole.set(floats(tensor).subarray(row * positions, (row + 1) * positions), row * length + firstPosition)
    mask?.forEach((kept, position) => {
      if (kept === 0) whole[position] = 0
    })
    return whole
  }
  return {
    release: () => session.release(),
    score: async ({ ids, mask, temperature, parameters }) => {
      const results: Tensors = await session.run({
        ...constantInputs,
        ...batchInputs(options, { ids, mask, temperature }),
        ...Object.fromEntries(
          [...pass.parameters.keys()].map((name) => [name, parameterOf(parameters, name)])
        )
      })
      return {
        logProbs: spread(results.logProbs, mask),
        referenceLogProbs: spread(results.referenceLogProbs, mask),
        kl: spread(results.kl, mask),
        entropy: spread(results.entropy, mask),
        values: spread(results.values, mask)
      }
    }
  }
}

function parameterOf(parameters: ParameterSet | undefined, name: string): HostTensor {
  const tensor = parameters?.get(name)
  if (!tensor) throw new Error(`The parameters lack ${name}.`)
  return tensor
}
