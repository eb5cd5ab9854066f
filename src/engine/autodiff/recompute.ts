import { after, type Graph, type Group, type Node, type Segment, type Value } from '../graph'

export interface Recomputed {
  /** In the order in which they run; the first reads the segment's input. */
  readonly nodes: readonly Node[]
  readonly output: Value
}

/**
 * Adds a segment to the graph once more. Its input goes through `after`, which waits for the gradient `arrived`, so that
 * ONNX Runtime can neither run the copy early nor share it with the first: what the copy makes is used by the gradient
 * rules at once and is gone afterwards. Marks what depends on a wanted value in `needed`.
 * The results are those of the first time to the last bit.
 */
export function recompute(
  graph: Graph,
  nodes: readonly Node[],
  { input, output, first, end }: Segment,
  arrived: Value,
  needed: Set<Value>
): Recomputed {
  const copies = new Map<Value, Value>()
  const copyOf = (value: Value): Value => copies.get(value) ?? value
  const copy = (value: Value, made: Value): void => {
    copies.set(value, made)
    if (needed.has(value)) needed.add(made)
  }
  checkClosed(nodes, { output, first, end })
  copy(input, after(input, arrived))
  const made: Node[] = [nodeOf(copyOf(input))]

  const groups = new Map<Group, Group>()
  const groupOf = (group: Group): Group => {
    const known = groups.get(group) ?? { ...group, inputs: group.inputs.map(copyOf) }
    groups.set(group, known)
    return known
  }
  for (const node of nodes.slice(first, end)) {
    const inputs = node.inputs.map((value) => value && copyOf(value))
    const outputs = graph.cloneNode(node, inputs, node.group && groupOf(node.group))
    node.outputs.forEach((value, index) => copy(value, outputs[index]))
    made.push(nodeOf(outputs[0]))
  }
  for (const [group, own] of groups) own.outputs = group.outputs.map(copyOf)
  return { nodes: made, output: copyOf(output) }
}

function nodeOf({ node, name }: Value): Node {
  if (!node) throw new Error(`${name} has no node.`)
  return node
}

/** What is used twice may not be computed again for one of its users: its gradient would be lost. */
function checkClosed(nodes: readonly Node[], { output, first, end }: Omit<Segment, 'input'>): void {
  const inside = new Set(nodes.slice(first, end).flatMap(({ outputs }) => outputs))
  inside.delete(output)
  for (const { inputs, name } of nodes.slice(end))
    for (const value of inputs)
      if (value && inside.has(value))
        throw new Error(`${name} uses ${value.name}, which lies inside a segment.`)
}
