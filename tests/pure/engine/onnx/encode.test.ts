import { fromBinary } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { add, float32, Graph, loop, multiply } from '../../../../src/engine/graph'
import { encodeModel } from '../../../../src/engine/onnx/encode'
import {
  ModelProtoSchema,
  TensorProto_DataLocation as DataLocation
} from '../../../../src/engine/onnx/onnx_pb'

const numbers = (count: number): Float32Array => Float32Array.from({ length: count }, (_, index) => index / 8)

/** x · small + large[0], in a Loop of two turns. */
function example(): Graph {
  const graph = new Graph()
  const x = graph.input('x', 'float32', [2])
  const small = graph.initialiser('small', float32([2], numbers(2)))
  const large = graph.initialiser('large', float32([500, 2], numbers(1000)))
  const { carried } = loop(graph, 'body', 2, [x], (body, _turn, [value]) => ({
    proceed: body.inputs[1],
    carried: [multiply(value, small)]
  }))
  graph.output('y', add(carried[0], large))
  return graph
}

describe('encoding a model', () => {
  it('says what the graph says, subgraph and all', () => {
    const model = fromBinary(ModelProtoSchema, encodeModel(example()))
    expect(model.opsetImport.map(({ domain }) => domain)).toEqual(['', 'com.microsoft'])
    expect(model.graph?.input.map(({ name }) => name)).toEqual(['x'])
    expect(model.graph?.output.map(({ name }) => name)).toEqual(['y'])
    const dims = model.graph?.output[0].type?.tensorType?.shape?.dim
    expect(dims?.map(({ dimValue }) => dimValue)).toEqual([500n, 2n])
    const [turn] = model.graph?.node ?? []
    expect(turn.opType).toBe('Loop')
    expect(turn.attribute[0].g?.node.map((node) => [node.opType, ...node.input])).toEqual([
      ['Mul', 'body/carried_0', 'small'],
      ['Identity', 'body/proceed']
    ])
  })

  it('appends large constants byte for byte', () => {
    const model = fromBinary(ModelProtoSchema, encodeModel(example()))
    const initialisers = new Map(model.graph?.initializer.map((one) => [one.name, one]))
    for (const [name, count] of [
      ['small', 2],
      ['large', 1000]
    ] as const) {
      const raw = initialisers.get(name)?.rawData ?? new Uint8Array()
      expect(new Float32Array(raw.slice().buffer)).toEqual(numbers(count))
    }
    expect(initialisers.get('large')?.dims).toEqual([500n, 2n])
  })

  it('places constants outside the model, at an offset of a file', () => {
    const place = { location: 'model.safetensors', offset: 4096, length: 4000 }
    const encoded = encodeModel(example(), { external: ({ name }) => (name === 'large' ? place : undefined) })
    expect(encoded.byteLength).toBeLessThan(1000)
    const large = fromBinary(ModelProtoSchema, encoded).graph?.initializer.find(
      ({ name }) => name === 'large'
    )
    expect(large?.dataLocation).toBe(DataLocation.EXTERNAL)
    expect(large?.externalData.map(({ key, value }) => [key, value])).toEqual([
      ['location', 'model.safetensors'],
      ['offset', '4096'],
      ['length', '4000']
    ])
    expect(large?.rawData).toBeUndefined()
  })
})
