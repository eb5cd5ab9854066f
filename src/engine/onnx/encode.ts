import { create, toBinary } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { typeCode, type Attribute, type Graph, type HostTensor, type Node, type Value } from '../graph'
import { bytesOf } from '../graph/tensor'
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataLocation as DataLocation,
  TensorProtoSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
  type AttributeProto,
  type GraphProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto
} from './onnx_pb'

/** Where the bytes of an initialiser lie when they are not in the model: a file, or a buffer handed to the session. */
export interface ExternalLocation {
  readonly location: string
  /** Bytes. */
  readonly offset: number
  readonly length: number
}

export interface EncodeOptions {
  /** Places an initialiser outside the model; undefined keeps it inside. A model must stay below 2 GiB. */
  readonly external?: (initialiser: Value) => ExternalLocation | undefined
  /** Makes an initialiser an input of the model, to be given with every run. */
  readonly fed?: (initialiser: Value) => boolean
}

/** ONNX Runtime 1.30 knows IR version 10. Graphs are of opset 21, but for those that need an operator of 26. */
const irVersion = 10n
const opset = 21n
const laterOpset = 26n
const laterOperators: readonly string[] = ['BitCast']
/** Constants up to this many bytes travel inside the message; larger ones are appended without a copy. */
const smallConstant = 1024

/**
 * A graph as the bytes of an ONNX model. Source: ONNX IR specification, onnx.proto.
 * Large initialisers are not run through the message classes: a message that occurs twice in protobuf is merged, so
 * each is appended as one more `graph { initializer { … } }`, and copied once, into the result.
 */
export function encodeModel(graph: Graph, options: EncodeOptions = {}): Uint8Array<ArrayBuffer> {
  const fed = new Set(graph.initialisers.filter((value) => options.fed?.(value)))
  const large = graph.initialisers.filter(
    (value) => !fed.has(value) && bytesOfConstant(value).byteLength > smallConstant
  )
  const outside = new Map(large.map((value) => [value, options.external?.(value)]))
  const appended = large.filter((value) => outside.get(value) === undefined)
  const model = create(ModelProtoSchema, {
    irVersion,
    producerName: 'Text2Grad Studio',
    graph: graphMessage(graph, fed, new Set(appended), outside),
    opsetImport: [
      { domain: '', version: needsLaterOpset(graph) ? laterOpset : opset },
      { domain: 'com.microsoft', version: 1n }
    ]
  })
  const pieces: Uint8Array[] = [toBinary(ModelProtoSchema, model)]
  for (const value of appended) {
    const data = bytesOfConstant(value)
    pieces.push(initialiserHeader(value, data.byteLength), data)
  }
  return concatenate(pieces)
}

const graphField = ModelProtoSchema.field.graph.number
const initialiserField = GraphProtoSchema.field.initializer.number
const rawDataField = TensorProtoSchema.field.rawData.number

/** Everything of `graph { initializer { dims, type, name, raw_data } }` that stands before the data itself. */
function initialiserHeader(value: Value, byteLength: number): Uint8Array {
  const description = toBinary(TensorProtoSchema, describeTensor(value))
  const dataTag = new BinaryWriter().tag(rawDataField, WireType.LengthDelimited).uint32(byteLength).finish()
  const tensorLength = description.byteLength + dataTag.byteLength + byteLength
  const tensorTag = new BinaryWriter()
    .tag(initialiserField, WireType.LengthDelimited)
    .uint32(tensorLength)
    .finish()
  const graphTag = new BinaryWriter()
    .tag(graphField, WireType.LengthDelimited)
    .uint32(tensorTag.byteLength + tensorLength)
    .finish()
  return concatenate([graphTag, tensorTag, description, dataTag])
}

const needsLaterOpset = (graph: Graph): boolean =>
  graph.nodes.some(
    ({ operator, attributes }) =>
      laterOperators.includes(operator) ||
      Object.values(attributes).some(
        (attribute) => attribute.kind === 'graph' && needsLaterOpset(attribute.value)
      )
  )

function graphMessage(
  graph: Graph,
  fed: ReadonlySet<Value> = new Set(),
  appended: ReadonlySet<Value> = new Set(),
  outside: ReadonlyMap<Value, ExternalLocation | undefined> = new Map()
): GraphProto {
  return create(GraphProtoSchema, {
    name: graph.prefix || 'graph',
    node: graph.nodes.map(nodeMessage),
    initializer: graph.initialisers
      .filter((value) => !appended.has(value) && !fed.has(value))
      .map((value) => initialiserMessage(value, outside.get(value))),
    input: [...graph.inputs, ...fed].map(valueMessage),
    output: graph.outputs.map(valueMessage)
  })
}

function nodeMessage(node: Node): NodeProto {
  return create(NodeProtoSchema, {
    name: node.name,
    opType: node.operator,
    domain: node.domain,
    input: node.inputs.map((value) => value?.name ?? ''),
    output: node.outputs.map((value) => value.name),
    attribute: Object.entries(node.attributes).map(([name, attribute]) => attributeMessage(name, attribute))
  })
}

function attributeMessage(name: string, attribute: Attribute): AttributeProto {
  switch (attribute.kind) {
    case 'int':
      return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(attribute.value) })
    case 'float':
      return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: attribute.value })
    case 'ints':
      return create(AttributeProtoSchema, {
        name,
        type: AttributeType.INTS,
        ints: attribute.value.map(BigInt)
      })
    case 'text': {
      const s = new TextEncoder().encode(attribute.value)
      return create(AttributeProtoSchema, { name, type: AttributeType.STRING, s })
    }
    case 'tensor':
      return create(AttributeProtoSchema, {
        name,
        type: AttributeType.TENSOR,
        t: tensorMessage(attribute.value)
      })
    case 'graph':
      return create(AttributeProtoSchema, {
        name,
        type: AttributeType.GRAPH,
        g: graphMessage(attribute.value)
      })
  }
}

function valueMessage({ name, dtype, shape }: Value): ValueInfoProto {
  const type = create(TypeProtoSchema, {
    tensorType: {
      elemType: typeCode(dtype),
      shape: { dim: shape.map((size) => (size < 0 ? {} : { dimValue: BigInt(size) })) }
    }
  })
  return create(ValueInfoProtoSchema, { name, type })
}

const tensorMessage = (tensor: HostTensor): TensorProto =>
  create(TensorProtoSchema, {
    dims: tensor.shape.map(BigInt),
    dataType: typeCode(tensor.dtype),
    rawData: bytesOf(tensor)
  })

const describeTensor = ({ name, dtype, shape }: Value): TensorProto =>
  create(TensorProtoSchema, { name, dims: shape.map(BigInt), dataType: typeCode(dtype) })

function initialiserMessage(value: Value, place: ExternalLocation | undefined): TensorProto {
  const message = describeTensor(value)
  if (place === undefined) {
    message.rawData = bytesOfConstant(value)
    return message
  }
  message.dataLocation = DataLocation.EXTERNAL
  message.externalData = (['location', 'offset', 'length'] as const).map((key) => ({
    $typeName: 'text2grad.onnx.StringStringEntryProto',
    key,
    value: String(place[key])
  }))
  return message
}

function bytesOfConstant({ name, constant }: Value): Uint8Array {
  if (!constant) throw new Error(`${name} is no initialiser.`)
  return new Uint8Array(constant.buffer, constant.byteOffset, constant.byteLength)
}

function concatenate(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((total, piece) => total + piece.byteLength, 0))
  let offset = 0
  for (const piece of pieces) {
    whole.set(piece, offset)
    offset += piece.byteLength
  }
  return whole
}
