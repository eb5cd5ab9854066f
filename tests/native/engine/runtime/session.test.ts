import { describe, expect, it } from 'vitest'
import { add, bytesOf, float32, Graph, loop, matmul, multiply } from '../../../../src/engine/graph'
import { listDevices } from '../../../../src/engine/runtime/devices'
import { openRuntime } from '../../../../src/engine/runtime/session'

const cpu = openRuntime({ device: 'cpu', threads: 1 })

describe('a session on ONNX Runtime', () => {
  it('runs a graph with small, large and huge initialisers alike', async () => {
    for (const size of [4, 1000, 1 << 19]) {
      const graph = new Graph()
      const data = Float32Array.from({ length: size }, (_, index) => index % 7)
      const x = graph.input('x', 'float32', [size])
      graph.output('y', add(x, graph.initialiser('offset', float32([size], data))))
      const session = await cpu.open(graph)
      const { y } = await session.run({ x: float32([size], new Float32Array(size).fill(1)) })
      await session.release()
      expect(
        Buffer.compare(
          bytesOf(y),
          bytesOf(
            float32(
              [size],
              data.map((value) => value + 1)
            )
          )
        )
      ).toBe(0)
    }
  })

  it('reads shared initialisers where they lie, and packs no copy of them', async () => {
    const graph = new Graph()
    const weights = Float32Array.of(1, 2, 3, 4)
    const x = graph.input('x', 'float32', [1, 2])
    const shared = graph.initialiser('w', float32([2, 2], weights), { shared: true })
    graph.output('y', matmul(x, shared, { transposeB: true }))
    const session = await cpu.open(graph)
    const feeds = { x: float32([1, 2], Float32Array.of(1, 1)) }
    expect([...(await session.run(feeds)).y.data]).toEqual([3, 7])
    weights[0] = 11
    expect([...(await session.run(feeds)).y.data]).toEqual([13, 7])
    await session.release()
  })

  it('returns only the outputs asked for', async () => {
    const graph = new Graph()
    const x = graph.input('x', 'float32', [2])
    graph.output('double', multiply(x, 2))
    graph.output('triple', multiply(x, 3))
    const session = await cpu.open(graph)
    const results = await session.run({ x: float32([2], Float32Array.of(1, 2)) }, ['triple'])
    await session.release()
    expect(Object.keys(results)).toEqual(['triple'])
    expect([...results.triple.data]).toEqual([3, 6])
  })

  it('runs a Loop whose body uses values of the graph around it', async () => {
    const graph = new Graph()
    const x = graph.input('x', 'float32', [2, 2])
    const start = graph.input('start', 'float32', [2, 2])
    const { carried, collected } = loop(graph, 'power', 3, [start], (body, _turn, [value]) => {
      const next = matmul(value, x)
      return { proceed: body.inputs[1], carried: [next], collected: [value] }
    })
    graph.output('last', carried[0])
    graph.output('all', collected[0])
    const session = await cpu.open(graph)
    const { last, all } = await session.run({
      x: float32([2, 2], Float32Array.of(1, 1, 0, 1)),
      start: float32([2, 2], Float32Array.of(1, 0, 0, 1))
    })
    await session.release()
    expect([...last.data]).toEqual([1, 3, 0, 1])
    expect([...all.data]).toEqual([1, 0, 0, 1, 1, 1, 0, 1, 1, 2, 0, 1])
  })

  it.each(['cuda', 'dml', 'coreml'] as const)(
    'refuses %s where it is not, with one sentence, and lives on',
    async (device) => {
      const isHere = (await listDevices()).some((report) => report.name === device && report.usable)
      const graph = new Graph()
      graph.output('y', multiply(graph.input('x', 'float32', [1]), 2))
      if (!isHere)
        await expect(openRuntime({ device, threads: 1 }).open(graph)).rejects.toMatchObject({
          code: 'device-unavailable',
          message: expect.stringMatching(
            new RegExp(`^The device ${device} cannot be used here: .*choose cpu instead.*\\.$`)
          )
        })
      const session = await cpu.open(graph)
      expect((await session.run({ x: float32([1], Float32Array.of(4)) })).y.data[0]).toBe(8)
      await session.release()
    }
  )

  it('lists every device, usable or with its reason', async () => {
    const devices = await listDevices()
    expect(devices.map((device) => device.name)).toEqual(['cpu', 'cuda', 'webgpu', 'dml', 'coreml'])
    expect(devices[0]).toEqual({ name: 'cpu', usable: true })
    for (const device of devices) if (!device.usable) expect(device.reason).toMatch(/\S.*\.$/)
  })
})
