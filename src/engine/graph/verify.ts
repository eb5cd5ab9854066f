import type { Graph, Node, Value } from './graph'
import { broadcastShape, elementCount, sameShape, storedLength, type DataType, type Shape } from './tensor'

/**
 * Checks a graph before it is encoded: every name is assigned once, every operand is made before it is used, and
 * dtypes and shapes fit the operator. Throws an Error that names the node; a graph that fails is a bug of its builder.
 */
export function verify(graph: Graph): void {
  verifyWithin(graph, new Set(), new Set())
}

function verifyWithin(graph: Graph, outer: ReadonlySet<Value>, names: Set<string>): void {
  const known = new Set(outer)
  const define = (value: Value, where: string): void => {
    if (value.graph !== graph) throw new Error(`${where}: ${value.name} belongs to another graph.`)
    if (names.has(value.name)) throw new Error(`${where}: ${value.name} is assigned twice.`)
    if (value.shape.some((size) => !Number.isInteger(size)))
      throw new Error(`${where}: ${value.name} has the shape [${value.shape.join()}].`)
    names.add(value.name)
    known.add(value)
  }
  for (const value of graph.inputs) define(value, 'inputs')
  for (const value of graph.initialisers) {
    define(value, 'initialisers')
    if (value.constant?.length !== storedLength(value.dtype, value.shape))
      throw new Error(`initialisers: ${value.name} does not fill its shape.`)
  }
  for (const node of graph.nodes) {
    for (const input of node.inputs)
      if (input && !known.has(input))
        throw new Error(`${node.name}: ${input.name} is used before it is made.`)
    for (const attribute of Object.values(node.attributes))
      if (attribute.kind === 'graph') verifyWithin(attribute.value, known, names)
    checkTypes(node)
    for (const output of node.outputs) define(output, node.name)
  }
  for (const output of graph.outputs)
    if (output.graph !== graph || !known.has(output))
      throw new Error(`outputs: ${output.name} is never made.`)
}

const elementwise = new Set(['Add', 'Sub', 'Mul', 'Div', 'Min', 'Max', 'Sum'])
const comparisons = new Set(['Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Equal'])
const shapeKeeping = new Set([
  ...['Neg', 'Exp', 'Log', 'Sqrt', 'Reciprocal', 'Sigmoid', 'Tanh', 'Erf', 'Gelu', 'Abs', 'Identity', 'Clip'],
  ...[
    'Softmax',
    'LogSoftmax',
    'CumSum',
    'SimplifiedLayerNormalization',
    'LayerNormalization',
    'RotaryEmbedding',
    'ScatterElements'
  ]
])
const products = new Set(['MatMul', 'Gemm', 'FusedMatMul'])

function checkTypes(node: Node): void {
  const operands = node.inputs.filter((input) => input !== null)
  const [output] = node.outputs
  if (!output) throw new Error(`${node.name} has no output.`)
  const expectType = (values: readonly Value[], dtype: DataType): void => {
    for (const value of values)
      if (value.dtype !== dtype)
        throw new Error(`${node.name}: ${value.name} is ${value.dtype}, ${dtype} is needed.`)
  }
  const expectShape = (shape: Shape): void => {
    if (!sameShape(output.shape, shape))
      throw new Error(`${node.name} makes [${shape.join()}], not [${output.shape.join()}].`)
  }
  if (elementwise.has(node.operator)) {
    expectType(operands, output.dtype)
    expectShape(operands.map(({ shape }) => shape).reduce(broadcastShape))
  } else if (comparisons.has(node.operator)) {
    expectType(operands, operands[0].dtype)
    expectType([output], 'bool')
    expectShape(operands.map(({ shape }) => shape).reduce(broadcastShape))
  } else if (shapeKeeping.has(node.operator)) {
    expectType([operands[0]], output.dtype)
    expectShape(operands[0].shape)
  } else if (products.has(node.operator)) {
    expectType(operands, output.dtype)
    expectShape(productShape(node, operands))
  } else if (node.operator === 'Reshape') {
    if (elementCount(operands[0].shape) !== elementCount(output.shape))
      throw new Error(`${node.name}: [${operands[0].shape.join()}] does not become [${output.shape.join()}].`)
  } else if (node.operator === 'Where') {
    expectType([operands[0]], 'bool')
    expectType(operands.slice(1), output.dtype)
  }
}

function productShape(node: Node, [a, b]: readonly Value[]): Shape {
  const flag = (name: string): boolean => {
    const attribute = node.attributes[name]
    return attribute?.kind === 'int' && attribute.value === 1
  }
  const [rows, inner] = flag('transA') ? a.shape.slice(-2).reverse() : a.shape.slice(-2)
  const [innerB, columns] = flag('transB') ? b.shape.slice(-2).reverse() : b.shape.slice(-2)
  if (inner !== innerB) throw new Error(`${node.name}: inner sizes ${inner} and ${innerB} differ.`)
  return [...broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2)), rows, columns]
}
