import { microsoft, type Graph, type Node, type Value } from '../graph'

/**
 * Replaces `s = a + b; n = norm(s)` by the one operator that ONNX Runtime has for it, in the graph and in bodies within:
 * two nodes fewer a layer. Its own optimiser does that for activations of three axes only.
 */
export function fuseNorms(graph: Graph): Graph {
  const sums = new Map<Value, Node>()
  for (const node of graph.nodes) if (node.operator === 'Add') sums.set(node.outputs[0], node)
  const fused = new Map<Node, Node>() // the sum -> what replaces it
  const gone = new Set<Node>()
  for (const node of graph.nodes) {
    for (const attribute of Object.values(node.attributes))
      if (attribute.kind === 'graph') fuseNorms(attribute.value)
    const sum = node.operator === 'SimplifiedLayerNormalization' && node.inputs[0] && sums.get(node.inputs[0])
    if (!sum || fused.has(sum) || !sum.inputs.every((input) => sameShape(input, sum.outputs[0]))) continue
    fused.set(sum, skipNorm(sum, node))
    gone.add(node)
  }
  const kept = graph.nodes.filter((node) => !gone.has(node)).map((node) => fused.get(node) ?? node)
  graph.nodes.splice(0, graph.nodes.length, ...kept)
  return graph
}

/** Stands where the sum stood: the norm needs nothing but it. */
function skipNorm(sum: Node, norm: Node): Node {
  const { epsilon } = norm.attributes
  const [x, skip] = sum.inputs
  const [total] = sum.outputs
  const unused = ['mean', 'scale'].map((name): Value => ({ ...total, name: `${total.name}.${name}` }))
  return {
    ...norm,
    operator: 'SkipSimplifiedLayerNormalization',
    domain: microsoft,
    inputs: [x, skip, norm.inputs[1]],
    outputs: [norm.outputs[0], ...unused, total],
    attributes: { epsilon }
  }
}

const sameShape = (a: Value | null, b: Value): boolean =>
  a !== null && a.shape.length === b.shape.length && a.shape.every((size, axis) => size === b.shape[axis])
