import { int, type Attribute, type Graph, type Value } from './graph'
import { typeCode } from './elementwise'
import type { HostTensor } from './tensor'

/**
 * Turns every float32 of a graph into float64, in place, and returns the graph. For tests: gradients are compared with
 * central differences, which are useless in single precision. The graph must have been built with `fused: false`,
 * because ONNX Runtime's fused operators have no float64 kernels; open it without graph optimisation, which would
 * bring them back.
 */
export function toFloat64(graph: Graph): Graph {
  const widen = (value: Value): void => {
    if (value.dtype !== 'float32') return
    value.dtype = 'float64'
    if (value.constant) value.constant = Float64Array.from(value.constant as Float32Array)
  }
  graph.inputs.forEach(widen)
  graph.initialisers.forEach(widen)
  for (const node of graph.nodes) {
    node.outputs.forEach(widen)
    const entries = Object.entries(node.attributes)
    node.attributes =
      node.operator === 'Cast'
        ? { to: int(typeCode(node.outputs[0].dtype)) }
        : Object.fromEntries(entries.map(([name, attribute]) => [name, wideAttribute(attribute)]))
  }
  return graph
}

function wideAttribute(attribute: Attribute): Attribute {
  if (attribute.kind === 'graph') return { kind: 'graph', value: toFloat64(attribute.value) }
  if (attribute.kind === 'tensor') return { kind: 'tensor', value: wideTensor(attribute.value) }
  return attribute
}

function wideTensor(tensor: HostTensor): HostTensor {
  return tensor.data instanceof Float32Array
    ? { ...tensor, dtype: 'float64', data: Float64Array.from(tensor.data) }
    : tensor
}
