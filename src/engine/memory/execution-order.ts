import type { Graph, Node, Value } from '../graph'

/** The values of the graphs around it that the bodies of a node's Loops read. */
export function capturedBy(node: Node): Value[] {
  const captured = new Set<Value>()
  for (const attribute of Object.values(node.attributes))
    if (attribute.kind === 'graph') captureWithin(attribute.value, attribute.value, captured)
  return [...captured]
}

function captureWithin(outermost: Graph, graph: Graph, captured: Set<Value>): void {
  const keep = (value: Value): void => {
    if (value.graph.depth < outermost.depth) captured.add(value)
  }
  for (const node of graph.nodes) {
    for (const input of node.inputs) if (input) keep(input)
    for (const attribute of Object.values(node.attributes))
      if (attribute.kind === 'graph') captureWithin(outermost, attribute.value, captured)
  }
  for (const output of graph.outputs) keep(output)
}

/**
 * The nodes in the order in which ONNX Runtime runs them, which decides what is in memory at the same time: depth first
 * from the nodes that nobody reads, the last of them first, and of a node's inputs the one that was made last first.
 * Source: GraphViewer and Graph::ReverseDFSFrom of ONNX Runtime 1.30, for its default execution order.
 */
export function executionOrder(graph: Graph): Node[] {
  const place = new Map(graph.nodes.map((node, index) => [node, index]))
  const read = new Set<Node>()
  const before = graph.nodes.map((node) => {
    const operands = [...node.inputs, ...capturedBy(node)]
    const makers = operands.flatMap((value) => (value?.node && place.has(value.node) ? [value.node] : []))
    makers.forEach((maker) => read.add(maker))
    return [...new Set(makers)].sort((a, b) => (place.get(a) ?? 0) - (place.get(b) ?? 0))
  })
  const stack = graph.nodes.filter((node) => !read.has(node)).map((node) => ({ node, leaving: false }))
  const visited = new Set<Node>()
  const order: Node[] = []
  for (let top = stack.pop(); top; top = stack.pop()) {
    const { node, leaving } = top
    if (leaving) order.push(node)
    else if (!visited.has(node)) {
      visited.add(node)
      stack.push({ node, leaving: true })
      for (const maker of before[place.get(node) ?? 0])
        if (!visited.has(maker)) stack.push({ node: maker, leaving: false })
    }
  }
  return order
}
