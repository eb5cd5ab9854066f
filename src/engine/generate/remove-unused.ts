import type { Graph, Node, Value } from '../graph'

/**
 * Takes out the nodes whose results nobody reads; ONNX Runtime would compute them. Filling a cache, for one, leaves
 * most of the last layer unused.
 */
export function removeUnused(graph: Graph): Graph {
  const read = new Set<Value>(graph.outputs)
  const kept: Node[] = []
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((output) => read.has(output))) continue
    kept.unshift(node)
    for (const value of readBy(node)) read.add(value)
  }
  graph.nodes.splice(0, graph.nodes.length, ...kept)
  return graph
}

/** What a node reads, also from within its body. */
function readBy(node: Node): Value[] {
  const inner = Object.values(node.attributes).flatMap((attribute) =>
    attribute.kind === 'graph' ? [...attribute.value.nodes.flatMap(readBy), ...attribute.value.outputs] : []
  )
  return [...node.inputs.filter((input) => input !== null), ...inner]
}
