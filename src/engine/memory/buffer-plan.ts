import type { Graph, Node, Value } from '../graph'
import { bytesOfType } from './bytes'
import { capturedBy, executionOrder } from './execution-order'

/** The output is another view of the first input's bytes. */
const views = new Set(['Reshape', 'Squeeze', 'Unsqueeze', 'Flatten', 'Identity'])
/** The output may take the place of an input of the same shape that nobody reads any more. */
const inPlace = new Set(['Cast', 'Clip', 'ScatterElements', 'Sigmoid', 'Softmax', 'Tanh'])

/** What happens to memory at one node, in the order of execution. */
export interface Turn {
  readonly node: Node
  /** Values that get a buffer of their own. */
  readonly allocated: readonly Value[]
  /** Values whose buffer goes back to the arena when the node has run. */
  readonly freed: readonly Value[]
}

/**
 * Which values of a graph get memory of their own, and for how long, as ONNX Runtime plans it before it runs: an output
 * takes over its input's buffer where the operator allows it, or else a dead buffer of exactly its shape, which for that
 * reason was never given back. Inputs and initialisers are not planned: they belong to the caller and the session.
 * Source: PlannerImpl::ComputeReusePlan of ONNX Runtime 1.30, sequential execution.
 */
export function planBuffers(graph: Graph): Turn[] {
  const order = executionOrder(graph)
  const uses = new Map<Value, number>()
  const use = (value: Value, times = 1): void => void uses.set(value, (uses.get(value) ?? 0) + times)
  const operandsOf = (node: Node): Value[] =>
    [...node.inputs, ...capturedBy(node)].filter((value) => value !== null)
  for (const node of order) operandsOf(node).forEach((value) => use(value))
  graph.outputs.forEach((value) => use(value))

  /** The value whose buffer this one lives in. */
  const rootOf = new Map<Value, Value>()
  const outputs = new Set(graph.outputs)
  /** Dead buffers, the latest first, with the turn after which they died. */
  const dead: { readonly root: Value; readonly turn: number }[] = []
  const allocated: Value[][] = []

  const takeOver = (value: Value, root: Value): void => {
    rootOf.set(value, root)
    use(root, uses.get(value) ?? 0)
  }
  const read = (value: Value, turn: number): void => {
    const root = rootOf.get(value)
    if (!root) return
    use(root, -1)
    if (uses.get(root) === 0) dead.unshift({ root, turn })
  }
  order.forEach((node, turn) => {
    const made: Value[] = []
    node.outputs.forEach((output, index) => {
      const taken = outputs.has(output) ? undefined : (index === 0 && inherited(node)) || revived(output)
      if (taken) return takeOver(output, taken)
      rootOf.set(output, output)
      made.push(output)
    })
    allocated.push(made)
    for (const operand of operandsOf(node)) read(operand, turn)
    for (const output of node.outputs)
      if ((uses.get(output) ?? 0) === 0 && rootOf.get(output) === output) dead.unshift({ root: output, turn })
  })
  const freed: Value[][] = order.map(() => [])
  for (const { root, turn } of dead) freed[turn].push(root)
  return order.map((node, turn) => ({ node, allocated: allocated[turn], freed: freed[turn] }))

  function inherited({ operator, inputs, outputs: [output] }: Node): Value | undefined {
    if (views.has(operator)) return inputs[0] ? rootOf.get(inputs[0]) : undefined
    if (!inPlace.has(operator)) return undefined
    for (const input of inputs.slice(0, 2)) {
      const root = input ? rootOf.get(input) : undefined
      if (input && root && uses.get(root) === 1 && alike(input, output)) return root
    }
    return undefined
  }

  function revived(output: Value): Value | undefined {
    if (output.shape.length === 0) return undefined
    const index = dead.findIndex(({ root }) => alike(root, output))
    if (index < 0) return undefined
    const [{ root }] = dead.splice(index, 1)
    return root
  }
}

/** Of the same shape, and elements of the same size. A size that is not known is like no other. */
function alike(a: Value, b: Value): boolean {
  return (
    bytesOfType[a.dtype] === bytesOfType[b.dtype] &&
    a.shape.length === b.shape.length &&
    a.shape.every((size, axis) => size === b.shape[axis] && size >= 0)
  )
}
