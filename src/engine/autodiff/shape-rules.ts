import {
  concat,
  elementCount,
  expand,
  reducedShape,
  reshape,
  split,
  zeros,
  type GradientRule,
  type Node,
  type RuleContext,
  type Value
} from '../graph'

/** An attribute of the forward node. */
export function attributeOf(node: Node | undefined, name: string): number | readonly number[] | undefined {
  const attribute = node?.attributes[name]
  return attribute?.kind === 'int' || attribute?.kind === 'float' || attribute?.kind === 'ints'
    ? attribute.value
    : undefined
}

function axisOf(node: Node | undefined): number {
  const axis = attributeOf(node, 'axis')
  if (typeof axis !== 'number') throw new Error(`${node?.name ?? 'A group'} has no axis.`)
  return axis
}

const listOf = (value: Value): number[] => Array.from(value.constant as BigInt64Array, Number)

/** The order that undoes a Transpose. */
export function inverseOrder(node: Node | undefined): number[] {
  const order = attributeOf(node, 'perm')
  if (!Array.isArray(order)) throw new Error('A Transpose has no order.')
  return order.map((_, axis) => order.indexOf(axis))
}

/** Spreads the gradient of a reduction over what was reduced. */
export function expandToInput({ inputs: [a, axes] }: RuleContext, d: Value): Value {
  return expand(reshape(d, reducedShapeKept(a, axes)), a.shape)
}

const reducedShapeKept = (a: Value, axes: Value): number[] => reducedShape(a.shape, listOf(axes), true)

/** How many elements each result of a reduction came from. */
export const reducedCount = ({ inputs: [a, axes] }: RuleContext): number =>
  elementCount(a.shape) / elementCount(reducedShapeKept(a, axes))

export const concatRule: GradientRule = ({ inputs, node }, d) => {
  const axis = axisOf(node)
  let parts: readonly Value[] | undefined
  const part = (index: number): Value =>
    (parts ??= split(
      d,
      axis,
      inputs.map((input) => input.shape[axis])
    ))[index]
  return inputs.map((_, index) => () => part(index))
}

export const splitRule: GradientRule = ({ outputs, node, inputs: [a] }, _, gradients) => [
  () =>
    concat(
      outputs.map(({ shape }, index) => gradients[index] ?? zeros(a.graph, shape)),
      axisOf(node)
    ),
  null
]

export const sliceRule: GradientRule = ({ inputs: [a, starts, ends, axes] }, d) => [
  () => {
    const [start, end, axis] = [starts, ends, axes].map((value) => listOf(value)[0])
    const gap = (length: number): Value[] =>
      length > 0
        ? [
            zeros(
              a.graph,
              a.shape.map((size, index) => (index === axis ? length : size))
            )
          ]
        : []
    return concat([...gap(start), d, ...gap(a.shape[axis] - end)], axis)
  },
  null,
  null,
  null
]
