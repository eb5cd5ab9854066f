import { describe, expect, it } from 'vitest'
import { detach } from '../../../../src/engine/autodiff/detach'
import { gradients } from '../../../../src/engine/autodiff/gradients'
import { rules } from '../../../../src/engine/autodiff/rules'
import * as g from '../../../../src/engine/graph'
import { float32, Graph, int64, type Shape, type Value } from '../../../../src/engine/graph'
import { groupedAttention } from '../../../../src/engine/models/attention'
import { tokenTerms } from '../../../../src/engine/rl/token-terms'
import type { Tensors } from '../../../../src/engine/session'
import { analyticGradients, worst, worstErrors } from '../support/differences'
import { Random } from '../support/random'

interface Case {
  readonly inputs: Readonly<Record<string, Shape>>
  /** Values in [low, high) instead of normal ones, to keep away from kinks and poles. */
  readonly range?: readonly [number, number]
  readonly build: (x: Readonly<Record<string, Value>>, graph: Graph) => Value | readonly Value[]
}

const indices = (graph: Graph, shape: Shape, values: readonly number[]): Value =>
  graph.initialiser(`indices_${graph.initialisers.length}`, int64(shape, BigInt64Array.from(values, BigInt)))
const tables = (graph: Graph): { cosine: Value; sine: Value } => {
  const angles = [0, 0, 0, 0.4, 0.1, -0.9, 0.8, 0.2, 1.3] // 3 positions of 3 pairs
  return {
    cosine: graph.initialiser('cosine', float32([3, 3], Float32Array.from(angles, Math.cos))),
    sine: graph.initialiser('sine', float32([3, 3], Float32Array.from(angles, Math.sin)))
  }
}
const pair = { a: [3, 4], b: [3, 4] }
const positive = [0.5, 2] as const

/** Every operator that has a rule, by the operator it exercises first. */
const cases: Readonly<Record<string, Case>> = {
  Identity: { inputs: { a: [3] }, build: ({ a }) => g.identity(a) },
  Add: { inputs: { a: [3, 4], b: [4] }, build: ({ a, b }) => g.add(a, b) },
  Sub: { inputs: { a: [3, 1], b: [3, 4] }, build: ({ a, b }) => g.subtract(a, b) },
  Mul: { inputs: { a: [2, 3, 4], b: [3, 1] }, build: ({ a, b }) => g.multiply(a, b) },
  'Mul of a value with itself': { inputs: { a: [5] }, build: ({ a }) => g.multiply(a, a) },
  Div: { inputs: { a: [3, 4], b: [4] }, range: positive, build: ({ a, b }) => g.divide(a, b) },
  Sum: { inputs: { a: [3], b: [3], c: [3] }, build: ({ a, b, c }) => g.sumOf([a, b, c]) },
  Neg: { inputs: { a: [3] }, build: ({ a }) => g.negate(a) },
  Exp: { inputs: { a: [3] }, build: ({ a }) => g.exponential(a) },
  Log: { inputs: { a: [3] }, range: positive, build: ({ a }) => g.logarithm(a) },
  Sqrt: { inputs: { a: [3] }, range: positive, build: ({ a }) => g.squareRoot(a) },
  Reciprocal: { inputs: { a: [3] }, range: positive, build: ({ a }) => g.reciprocal(a) },
  Sigmoid: { inputs: { a: [3] }, build: ({ a }) => g.sigmoid(a) },
  Tanh: { inputs: { a: [3] }, build: ({ a }) => g.tanh(a) },
  silu: { inputs: { a: [3] }, build: ({ a }) => g.silu(a) },
  gelu: { inputs: { a: [20] }, range: [-4, 4], build: ({ a }) => g.gelu(a) },
  'gelu, approximated': { inputs: { a: [20] }, range: [-4, 4], build: ({ a }) => g.geluTanh(a) },
  Min: { inputs: pair, build: ({ a, b }) => g.minimum(a, b) },
  Max: { inputs: pair, build: ({ a, b }) => g.maximum(a, b) },
  Clip: { inputs: { a: [20] }, build: ({ a }) => g.clip(a, -0.4, 0.7) },
  Where: {
    inputs: pair,
    build: ({ a, b }, graph) => {
      const data = Uint8Array.from({ length: 12 }, (_, index) => Number(index % 3 === 0))
      return g.where(graph.initialiser('choice', { dtype: 'bool', shape: [3, 4], data }), a, b)
    }
  },
  Reshape: { inputs: { a: [3, 4] }, build: ({ a }) => g.reshape(a, [2, -1]) },
  Transpose: { inputs: { a: [2, 3, 4] }, build: ({ a }) => g.transpose(a, [2, 0, 1]) },
  Expand: { inputs: { a: [3, 1] }, build: ({ a }) => g.expand(a, [2, 3, 4]) },
  Concat: { inputs: { a: [2, 3], b: [2, 1] }, build: ({ a, b }) => g.concat([a, b], 1) },
  Split: {
    inputs: { a: [2, 6] },
    build: ({ a }) => g.split(a, 1, [1, 2, 3]).map((part) => g.exponential(part))
  },
  'Split with a part unused': { inputs: { a: [2, 5] }, build: ({ a }) => g.split(a, 1, [1, 3, 1])[1] },
  Slice: { inputs: { a: [2, 5, 2] }, build: ({ a }) => g.slice(a, 1, 1, 4) },
  ReduceSum: { inputs: { a: [2, 3, 4] }, build: ({ a }) => g.sum(a, [0, 2]) },
  ReduceMean: { inputs: { a: [2, 3, 4] }, build: ({ a }) => g.mean(a, [1], { keep: true }) },
  MatMul: { inputs: { a: [3, 4], b: [4, 2] }, build: ({ a, b }) => g.matmul(a, b) },
  'MatMul that broadcasts': { inputs: { a: [2, 3, 4], b: [4, 2] }, build: ({ a, b }) => g.matmul(a, b) },
  Gemm: { inputs: { a: [3, 4], b: [2, 4] }, build: ({ a, b }) => g.matmul(a, b, { transposeB: true }) },
  'MatMul of wide matrices': { inputs: { a: [3, 70], b: [70, 64] }, build: ({ a, b }) => g.matmul(a, b) },
  'Gemm to a wider matrix': {
    inputs: { a: [3, 64], b: [70, 64] },
    build: ({ a, b }) => g.matmul(a, b, { transposeB: true })
  },
  'Gemm to a narrower matrix': {
    inputs: { a: [3, 70], b: [64, 70] },
    build: ({ a, b }) => g.matmul(a, b, { transposeB: true })
  },
  'Gemm, both transposed': {
    inputs: { a: [4, 3], b: [2, 4] },
    build: ({ a, b }) => g.matmul(a, b, { transposeA: true, transposeB: true, scale: 0.7 })
  },
  'Gemm with a sum': {
    inputs: { a: [3, 4], b: [2, 4], c: [3, 2] },
    build: ({ a, b, c }) => g.matmulAdd(a, b, c, { transposeB: true, scale: -1.5 })
  },
  'Gemm, A transposed, with a sum': {
    inputs: { a: [4, 3], b: [4, 2], c: [3, 2] },
    build: ({ a, b, c }) => g.matmulAdd(a, b, c, { transposeA: true, scale: 2 })
  },
  'Gemm with a bias': {
    inputs: { a: [3, 4], b: [2, 4], c: [2] },
    build: ({ a, b, c }) => g.matmulAdd(a, b, c, { transposeB: true })
  },
  FusedMatMul: {
    inputs: { a: [2, 2, 3, 4], b: [2, 2, 5, 4] },
    build: ({ a, b }) => g.matmul(a, b, { transposeB: true, scale: 0.3 })
  },
  'FusedMatMul, A transposed': {
    inputs: { a: [2, 4, 3], b: [2, 4, 5] },
    build: ({ a, b }) => g.matmul(a, b, { transposeA: true, scale: 0.3 })
  },
  'FusedMatMul, both transposed': {
    inputs: { a: [2, 4, 3], b: [2, 5, 4] },
    build: ({ a, b }) => g.matmul(a, b, { transposeA: true, transposeB: true })
  },
  Softmax: { inputs: { a: [3, 4] }, build: ({ a }) => g.softmax(a) },
  LogSoftmax: { inputs: { a: [3, 4] }, build: ({ a }) => g.logSoftmax(a) },
  Gather: {
    inputs: { a: [4, 3] },
    build: ({ a }, graph) => g.gather(a, indices(graph, [2, 3], [1, 3, 1, 0, 1, 3]))
  },
  GatherElements: {
    inputs: { a: [3, 4] },
    build: ({ a }, graph) => g.gatherElements(a, indices(graph, [3, 2], [0, 0, 3, 1, 2, 2]))
  },
  SimplifiedLayerNormalization: { inputs: { a: [3, 6], b: [6] }, build: ({ a, b }) => g.rmsNorm(a, b, 1e-5) },
  LayerNormalization: {
    inputs: { a: [2, 3, 6], b: [6], c: [6] },
    build: ({ a, b, c }) => g.layerNorm(a, b, c, 1e-5)
  },
  'RotaryEmbedding of a part of the head': {
    inputs: { a: [2, 2, 3, 10] },
    build: ({ a }, graph) => g.rotary(a, indices(graph, [2, 3], [0, 1, 2, 2, 1, 0]), tables(graph))
  },
  RotaryEmbedding: {
    inputs: { a: [2, 2, 3, 6] },
    build: ({ a }, graph) => g.rotary(a, indices(graph, [2, 3], [0, 1, 2, 2, 1, 0]), tables(graph))
  },
  attention: {
    inputs: { a: [2, 4, 3, 6], b: [2, 2, 5, 6], c: [2, 2, 5, 6] },
    build: ({ a, b, c }, graph) => {
      const hidden = Float32Array.from({ length: 15 }, (_, index) => (index % 4 === 3 ? -1e9 : 0))
      return groupedAttention(a, b, c, graph.initialiser('bias', float32([1, 1, 3, 5], hidden)))
    }
  },
  'attention, one head a group': {
    inputs: { a: [1, 2, 3, 4], b: [1, 2, 3, 4], c: [1, 2, 3, 4] },
    build: ({ a, b, c }, graph) =>
      groupedAttention(a, b, c, graph.initialiser('bias', float32([3], new Float32Array(3))))
  },
  'token log-probability': {
    inputs: { a: [3, 5] },
    build: ({ a }, graph) => tokenTerms(a, indices(graph, [3, 1], [4, 0, 4])).logProb
  },
  'token log-probability and KL': {
    inputs: { a: [3, 5] },
    build: ({ a }, graph) => {
      const b = graph.initialiser('b', float32([3, 5], new Random(5).floats(15)))
      const terms = tokenTerms(a, indices(graph, [3, 1], [4, 0, 4]), g.logSoftmax(b))
      return [terms.logProb, terms.kl as Value]
    }
  },
  'KL alone': {
    inputs: { a: [3, 5] },
    build: ({ a }, graph) => {
      const b = graph.initialiser('b', float32([3, 5], new Random(5).floats(15)))
      return tokenTerms(a, indices(graph, [3, 1], [4, 0, 4]), g.logSoftmax(b)).kl as Value
    }
  }
}

/** The sum of all outputs, each element with a weight of its own. */
function weightedLoss(graph: Graph, outputs: readonly Value[]): Value {
  const random = new Random(3)
  const sums = outputs.map((output, index) => {
    const weights = float32(output.shape, random.floats(g.elementCount(output.shape)))
    return g.sum(g.multiply(output, graph.initialiser(`weights_${index}`, weights)))
  })
  return g.sumOf(sums)
}

const testCase = ({
  inputs,
  range,
  build
}: Case): { build: Parameters<typeof worstErrors>[0]; feeds: Tensors } => {
  const random = new Random(11)
  const draw = range ? () => random.between(...range) : () => random.normal()
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([name, shape]) => [
      name,
      float32(shape, random.floats(g.elementCount(shape), draw))
    ])
  )
  return {
    feeds,
    build: (graph) => {
      const names = Object.keys(inputs)
      const parameters = new Map(names.map((name) => [name, graph.input(name, 'float32', inputs[name])]))
      const made = build(Object.fromEntries(parameters), graph)
      return { graph, loss: weightedLoss(graph, [made].flat()), parameters }
    }
  }
}

describe('gradient rules against float64 central differences', () => {
  it.each(Object.keys(cases))('%s', async (name) => {
    const { build, feeds } = testCase(cases[name])
    const exact = await analyticGradients(build, feeds, 'float64')
    const fused = await analyticGradients(build, feeds, 'fused float32')
    const [exactErrors, fusedErrors] = await worstErrors(build, feeds, [exact, fused])
    expect(worst(exactErrors)).toBeLessThanOrEqual(1e-7)
    expect(worst(fusedErrors)).toBeLessThanOrEqual(1e-4)
  })

  it('covers every rule', () => {
    const exercised = new Set(
      Object.values(cases).flatMap((one) => {
        const operators = [true, false].flatMap((fused) => {
          const { graph } = testCase(one).build(new Graph({ fused }))
          return graph.nodes.map((node) => node.operator)
        })
        return operators
      })
    )
    expect(Object.keys(rules).filter((operator) => !exercised.has(operator))).toEqual([])
  })
})

describe('gradients', () => {
  it('refuse an operator without a rule, by name', () => {
    const graph = new Graph()
    const x = graph.input('x', 'float32', [3])
    expect(() => gradients(g.sum(g.absolute(x)), [x])).toThrow(/no gradient rule for Abs/)
  })

  it('refuse to go through the inside of a group', () => {
    const graph = new Graph()
    const x = graph.input('x', 'float32', [2, 3])
    const { logProb, distribution } = tokenTerms(x, indices(graph, [2, 1], [0, 2]))
    expect(() => gradients(g.add(g.sum(logProb), g.sum(distribution)), [x])).toThrow(
      /inside the group token terms/
    )
  })

  it('refuse a value that the loss does not depend on', () => {
    const graph = new Graph()
    const x = graph.input('x', 'float32', [3])
    const y = graph.input('y', 'float32', [3])
    expect(() => gradients(g.sum(x), [x, y])).toThrow(/does not depend on y/)
    expect(() => gradients(g.sum(detach(x)), [x])).toThrow(/does not depend on x/)
  })

  it('add no node for what needs no gradient', () => {
    const graph = new Graph()
    const x = graph.input('x', 'float32', [3, 3])
    const y = graph.input('y', 'float32', [3, 3])
    const loss = g.sum(g.matmul(g.exponential(y), x))
    const before = graph.nodes.length
    gradients(loss, [x])
    const added = graph.nodes.slice(before).map((node) => node.operator)
    expect(added).toEqual(['Reshape', 'Expand', 'Gemm'])
  })
})
