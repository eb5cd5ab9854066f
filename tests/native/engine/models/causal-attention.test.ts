import { expect, it } from 'vitest'
import { gradients } from '../../../../src/engine/autodiff/gradients'
import { float32, floats, Graph, square, sum } from '../../../../src/engine/graph'
import { causalAttention } from '../../../../src/engine/models/causal-attention'
import { everyToken } from '../../../../src/engine/models/token-rows'
import { openRuntime } from '../../../../src/engine/runtime/session'
import { Random } from '../support/random'
import { toyConfig } from '../support/toy'

const runtime = openRuntime({ device: 'cpu', threads: 1 })
const [batch, length] = [2, 11]

/** What attention makes of random heads, and the gradients of its squares, with blocks of so many queries. */
async function attended(window: number | null, blockLength: number): Promise<Map<string, Float32Array>> {
  const toy = toyConfig(true)
  const config = { ...toy, attention: toy.attention.map((layer) => ({ ...layer, window })) }
  const graph = new Graph()
  const { attend } = causalAttention(graph, config, everyToken(batch, length), blockLength)
  const width = (heads: number): number[] => [batch * length, heads * config.headSize]
  const inputs = [
    graph.input('query', 'float32', width(config.heads)),
    graph.input('key', 'float32', width(config.keyValueHeads)),
    graph.input('value', 'float32', width(config.keyValueHeads))
  ]
  const result = attend(0, inputs[0], inputs[1], inputs[2])
  const made = gradients(sum(square(result)), inputs)
  graph.output('result', result)
  inputs.forEach(({ name }, index) => graph.output(`gradient of ${name}`, made[index]))
  const random = new Random(3)
  const session = await runtime.open(graph)
  const feeds = inputs.map(({ name, shape }) => [
    name,
    float32(
      shape,
      random.floats(shape[0] * shape[1], () => random.normal())
    )
  ])
  const results = await session.run(Object.fromEntries(feeds))
  await session.release()
  return new Map(Object.entries(results).map(([name, tensor]) => [name, floats(tensor)]))
}

it.each([
  ['all that stands before', null, 4],
  ['a window shorter than a block', 3, 4],
  ['a window longer than a block', 6, 4],
  ['a block that ends with the text', null, 10]
] as const)('blocks of queries change nothing: %s', async (_, window, blockLength) => {
  const [whole, blocks] = [await attended(window, length), await attended(window, blockLength)]
  expect([...blocks.keys()]).toEqual([...whole.keys()])
  for (const [name, values] of whole) {
    expect(values.some((value) => Math.abs(value) > 0.1)).toBe(true)
    const other = blocks.get(name) ?? new Float32Array()
    values.forEach((value, index) => expect(Math.abs(value - other[index]), name).toBeLessThan(1e-5))
  }
})
