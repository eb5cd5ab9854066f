import type { Node, Shape, Value } from '../graph'

/** Sizes that are known: those of values with an axis that differs from run to run. */
export type Sizes = ReadonlyMap<Value, Shape>

const products = new Set(['MatMul', 'Gemm', 'FusedMatMul', 'MatMulNBits'])

/** The sizes of a value: as declared, or as found. An axis that nobody knows counts as one element. */
export function sizesOf(value: Value, found: Sizes): Shape {
  return found.get(value) ?? value.shape.map((size) => (size < 0 ? -size : size))
}

/** What a node's outputs measure once its inputs are known: only those with an axis that differs from run to run. */
export function outputSizes(node: Node, found: Sizes): (readonly [Value, Shape])[] {
  const open = node.outputs.filter(({ shape }) => shape.some((size) => size < 0))
  if (open.length === 0) return []
  const inputs = node.inputs.map((input) => (input ? sizesOf(input, found) : []))
  return open.map((output) => [output, measured(node, output, inputs)] as const)
}

function measured(node: Node, output: Value, inputs: readonly Shape[]): Shape {
  const { operator } = node
  const [first = []] = inputs
  if (operator === 'Concat') {
    const axis = whole(node, 'axis') ?? 0
    const joined = inputs.reduce((sum, shape) => sum + shape[axis < 0 ? axis + shape.length : axis], 0)
    return first.map((size, at) => (at === (axis < 0 ? axis + first.length : axis) ? joined : size))
  }
  if (operator === 'Transpose') {
    const order = node.attributes.perm
    return order?.kind === 'ints' ? order.value.map((axis) => first[axis]) : [...first].reverse()
  }
  if (operator === 'Gather') {
    const axis = whole(node, 'axis') ?? 0
    return [...first.slice(0, axis), ...inputs[1], ...first.slice(axis + 1)]
  }
  if (operator === 'Split') return shared(node, output, first)
  if (products.has(operator)) return product(node, output, inputs)
  if (operator === 'Reshape' || operator === 'Tile' || operator === 'Slice' || operator === 'Expand')
    return filled(output.shape, operator === 'Reshape' ? elements(first) : null, first)
  const alike = inputs.filter(({ length }) => length === output.shape.length)
  return alike
    .reduce(wider, output.shape.map(known))
    .map((size, axis) => (output.shape[axis] < 0 ? size : output.shape[axis]))
}

/** The one open axis takes what is left of the elements; `null`: what the input has there. */
function filled(shape: Shape, count: number | null, input: Shape): Shape {
  const rest = elements(shape.filter((size) => size >= 0))
  return shape.map((size, axis) => {
    if (size >= 0) return size
    return count === null ? Math.max(1, input[axis] ?? 1) * Math.max(1, -size) : count / Math.max(1, rest)
  })
}

/** Parts whose sizes are computed when the graph runs: together as long as what is split. */
function shared(node: Node, output: Value, input: Shape): Shape {
  const along = whole(node, 'axis') ?? 0
  const parts = (axis: number): number => (axis === along ? node.outputs.length : 1)
  return output.shape.map((size, axis) => (size < 0 ? input[axis] / parts(axis) : size))
}

function product(node: Node, { shape }: Value, [a, b]: readonly Shape[]): Shape {
  const rows = a[a.length - (whole(node, 'transA') === 1 ? 1 : 2)]
  const columns = b[b.length - (whole(node, 'transB') === 1 ? 2 : 1)]
  return shape.map((size, axis) => {
    if (size >= 0) return size
    if (axis === shape.length - 1) return columns
    return axis === shape.length - 2 ? rows : (a[axis] ?? 1)
  })
}

/** As NumPy broadcasts, for shapes of the same rank. */
const wider = (a: Shape, b: Shape): Shape => a.map((size, axis) => Math.max(size, b[axis]))

const known = (size: number): number => Math.max(size, 0)

const elements = (shape: Shape): number => shape.reduce((count, size) => count * size, 1)

function whole({ attributes }: Node, name: string): number | undefined {
  const attribute = attributes[name]
  return attribute?.kind === 'int' ? attribute.value : undefined
}
