import { describe, expect, test } from 'vitest'
import { add, anySize, exponential, Graph, int, loop, multiply, softmax } from '../../../../src/engine/graph'
import { activationBytes } from '../../../../src/engine/memory/activations'
import { planBuffers } from '../../../../src/engine/memory/buffer-plan'
import { executionOrder } from '../../../../src/engine/memory/execution-order'

const shape = [256, 1024]
const MB = 2 ** 20

/** Names of the operators in order, with how many buffers each takes and gives back. */
const planOf = (graph: Graph): string[] =>
  planBuffers(graph).map(
    ({ node, allocated, freed }) => `${node.operator} +${allocated.length} -${freed.length}`
  )

describe('what the results of a graph take', () => {
  test('is what is needed at the same time, not the sum', () => {
    const graph = new Graph()
    let x = graph.input('x', 'float32', shape)
    for (let turn = 0; turn < 10; turn++) x = exponential(x)
    graph.output('y', x)
    // Of a chain two are alive at a time.
    expect(activationBytes(graph)).toBe(2 * MB)
  })

  test('a dead buffer of the same shape serves again, and Softmax writes over what it reads', () => {
    const graph = new Graph()
    const x = graph.input('x', 'float32', shape)
    const first = exponential(x)
    const second = exponential(first)
    const third = softmax(exponential(second))
    graph.output('y', exponential(third))
    expect(planOf(graph)).toEqual(['Exp +1 -0', 'Exp +1 -0', 'Exp +0 -1', 'Softmax +0 -0', 'Exp +1 -1'])
  })

  test('of two branches the one made last runs first', () => {
    const graph = new Graph()
    const x = graph.input('x', 'float32', [4])
    const left = exponential(x)
    const right = multiply(x, 2)
    graph.output('y', add(left, right))
    expect(executionOrder(graph).map(({ operator }) => operator)).toEqual(['Mul', 'Exp', 'Add'])
  })

  test('a Loop holds what it carries twice, and what the graph around it still needs', () => {
    const graph = new Graph()
    const x = graph.input('x', 'float32', shape)
    const held = exponential(x)
    const { carried } = loop(graph, 'turn', 5, [held], (body, _turn, [value]) => ({
      proceed: body.inputs[1],
      carried: [multiply(value, held)]
    }))
    graph.output('y', add(carried[0], held))
    const bytes = activationBytes(graph)
    expect(bytes).toBeGreaterThanOrEqual(4 * MB)
    expect(bytes).toBeLessThan(6 * MB)
  })

  test('follows a cache that grows in a Loop whose turns are fed', () => {
    const graph = new Graph()
    const cache = graph.input('cache', 'float32', [64, anySize])
    const turns = graph.input('turns', 'int64', [])
    const { carried } = loop(graph, 'turn', turns, [cache], (body, _turn, [value]) => {
      const column = body.initialiser('column', {
        dtype: 'float32',
        shape: [64, 1],
        data: new Float32Array(64)
      })
      const grown = body.node('Concat', [value, column], { axis: int(1) }, [['float32', [64, anySize]]])[0]
      return { proceed: body.inputs[1], carried: [grown] }
    })
    graph.output('y', carried[0])
    const grownTo = (before: number, after: number): number => {
      const sizes = new Map([['cache', [64, before]]])
      return activationBytes(graph, [{ sizes, turns: after - before, waiting: 0 }])
    }
    const whole = 4 * 64 * 20_000
    // Old and new stand side by side at the end, and the output is taken before the last is let go.
    expect(grownTo(19_000, 20_000)).toBeGreaterThan(1.9 * whole)
    expect(grownTo(19_000, 20_000)).toBeLessThan(3.5 * whole)
    expect(grownTo(9_000, 10_000)).toBeLessThan(0.6 * grownTo(19_000, 20_000))
  })
})
