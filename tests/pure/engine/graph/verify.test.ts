import { describe, expect, it } from 'vitest'
import {
  add,
  broadcastShape,
  exponential,
  expand,
  float32,
  gather,
  Graph,
  int,
  loop,
  matmul,
  multiply,
  printGraph,
  reshape,
  slice,
  split,
  sum,
  toFloat64,
  transpose,
  verify,
  where,
  type Value
} from '../../../../src/engine/graph'

const fresh = (): { graph: Graph; x: Value; y: Value } => {
  const graph = new Graph()
  return { graph, x: graph.input('x', 'float32', [2, 3]), y: graph.input('y', 'float32', [3, 4]) }
}

describe('building a graph', () => {
  it('works out shapes', () => {
    const { graph, x, y } = fresh()
    const ids = graph.input('ids', 'int64', [5, 1])
    expect(matmul(x, y).shape).toEqual([2, 4])
    expect(matmul(y, x, { transposeA: true, transposeB: true }).shape).toEqual([4, 2])
    expect(add(x, graph.input('row', 'float32', [3])).shape).toEqual([2, 3])
    expect(transpose(x, [1, 0]).shape).toEqual([3, 2])
    expect(reshape(y, [2, -1]).shape).toEqual([2, 6])
    expect(slice(y, 1, 1, 3).shape).toEqual([3, 2])
    expect(split(y, 1, [1, 3]).map((part) => part.shape)).toEqual([
      [3, 1],
      [3, 3]
    ])
    expect(gather(x, ids).shape).toEqual([5, 1, 3])
    expect(sum(y, [0]).shape).toEqual([4])
    expect(sum(y).shape).toEqual([])
    expect(broadcastShape([3, 1], [2, 1, 4])).toEqual([2, 3, 4])
  })

  it('adds nothing for an operation that changes nothing', () => {
    const { graph, x } = fresh()
    expect(reshape(x, [2, 3])).toBe(x)
    expect(transpose(x, [0, 1])).toBe(x)
    expect(slice(x, 1, 0, 3)).toBe(x)
    expect(expand(x, [2, 3])).toBe(x)
    expect(graph.nodes).toEqual([])
  })

  it('keeps each number once', () => {
    const { graph, x } = fresh()
    add(multiply(x, 0.5), add(x, 0.5))
    expect(graph.initialisers.length).toBe(1)
  })

  it.each([
    ['shapes that do not broadcast', ({ x, y }: Record<string, Value>) => add(x, y), /do not broadcast/],
    ['inner sizes that differ', ({ x }: Record<string, Value>) => matmul(x, x), /do not multiply/],
    ['a reshape of another size', ({ x }: Record<string, Value>) => reshape(x, [4]), /does not reshape/],
    ['a slice outside', ({ x }: Record<string, Value>) => slice(x, 1, 2, 4), /no slice of axis 1/]
  ])('refuses %s', (_, build, pattern) => {
    const { x, y } = fresh()
    expect(() => build({ x, y })).toThrow(pattern)
  })
})

describe('verify', () => {
  it('accepts a sound graph with a Loop', () => {
    const { graph, x } = fresh()
    const outer = exponential(x)
    const { carried } = loop(graph, 'body', 3, [x], (body, _turn, [value]) => ({
      proceed: body.inputs[1],
      carried: [multiply(value, outer)]
    }))
    graph.output('result', carried[0])
    expect(() => verify(graph)).not.toThrow()
  })

  it('finds a name that is assigned twice', () => {
    const { graph, x } = fresh()
    graph.output('x', exponential(x))
    expect(() => verify(graph)).toThrow(/x is assigned twice/)
  })

  it('finds a value of another graph', () => {
    const { graph } = fresh()
    const other = fresh()
    graph.node('Exp', [other.x], {}, [['float32', [2, 3]]])
    expect(() => verify(graph)).toThrow(/x is used before it is made/)
  })

  it('finds the inside of a Loop used outside it', () => {
    const { graph, x } = fresh()
    let inside: Value = x
    loop(graph, 'body', 2, [x], (body, _turn, [value]) => {
      inside = exponential(value)
      return { proceed: body.inputs[1], carried: [inside] }
    })
    graph.node('Neg', [inside], {}, [['float32', [2, 3]]])
    expect(() => verify(graph)).toThrow(/used before it is made/)
  })

  it.each([
    [
      'a wrong shape',
      (graph: Graph, x: Value) => graph.node('Neg', [x], {}, [['float32', [3, 2]]]),
      /makes \[2,3\], not \[3,2\]/
    ],
    [
      'a wrong dtype',
      (graph: Graph, x: Value) => graph.node('Neg', [x], {}, [['int64', [2, 3]]]),
      /int64 is needed/
    ],
    [
      'a product that does not fit',
      (graph: Graph, x: Value) => graph.node('Gemm', [x, x], { transB: int(0) }, [['float32', [2, 3]]]),
      /inner sizes 3 and 2 differ/
    ],
    ['a condition that is no bool', (_: Graph, x: Value) => where(x, x, 0), /bool is needed/],
    [
      'operands of two dtypes',
      (graph: Graph, x: Value) => add(graph.input('n', 'int64', [2, 3]), x),
      /float32 is needed/
    ]
  ])('finds %s', (_, build, pattern) => {
    const { graph, x } = fresh()
    build(graph, x)
    expect(() => verify(graph)).toThrow(pattern)
  })
})

describe('toFloat64', () => {
  it('widens inputs, constants and bodies, and leaves whole numbers alone', () => {
    const { graph, x } = fresh()
    const table = graph.initialiser('table', float32([2], Float32Array.of(0.5, 2)))
    loop(graph, 'body', 2, [x], (body, _turn, [value]) => ({
      proceed: body.inputs[1],
      carried: [multiply(value, 3)]
    }))
    const text = printGraph(toFloat64(graph))
    expect(text).not.toContain('float32')
    expect(text).toContain('body_turns: int64[] = 2')
    expect(table.constant).toEqual(Float64Array.of(0.5, 2))
    expect(() => verify(graph)).not.toThrow()
  })
})
