import type { Graph, Node, Value } from '../../../../src/engine/graph'
import type { Runtime } from '../../../../src/engine/session'

/**
 * A runtime that rounds to float16 wherever a graph says float16, as a device does that computes in it. On the processor
 * ONNX Runtime has no kernels for that: it computes in float32, and takes the casts on both sides out as needless.
 * A Reshape between a cast and what reads it keeps them apart.
 */
export const roundingRuntime = (runtime: Runtime): Runtime => ({
  open: (graph, options) => runtime.open(keepRoundings(graph), options)
})

function keepRoundings(graph: Graph): Graph {
  const original = [...graph.nodes]
  const kept: Node[] = []
  const kept16 = new Map<Value, Value>()
  for (const node of original) {
    kept.push({ ...node, inputs: node.inputs.map((input) => (input && kept16.get(input)) ?? input) })
    const [output] = node.outputs
    if (output.dtype !== 'float16') continue
    const shape = graph.list(output.shape)
    const [copy] = graph.node('Reshape', [output, shape], {}, [['float16', output.shape]])
    kept16.set(output, copy)
    kept.push(copy.node as Node)
  }
  graph.nodes.splice(0, graph.nodes.length, ...kept)
  return graph
}
