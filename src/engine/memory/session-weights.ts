import type { Graph, Node, Value } from '../graph'
import { byteCount } from './phantom-model'

/** Operators that read their second input from a copy arranged for the processor, if it is a constant. */
const packing = new Set(['MatMul', 'Gemm', 'FusedMatMul', 'MatMulNBits'])

export interface WeightBytes {
  /** What the session keeps of the constants of its graph, for as long as it is open. */
  readonly kept: number
  /** The most while it is being opened: each constant stands beside its arranged copy for a moment. */
  readonly opening: number
}

/**
 * What a session takes for the constants of its graph. ONNX Runtime copies each, arranges those that products read, once
 * for each way of reading, and drops the first copy if nobody else reads it. Constants that are `shared` are fed where
 * they lie and take nothing.
 * Source: SessionState::PrepackConstantInitializedTensors of ONNX Runtime 1.30.
 */
export function sessionWeightBytes(graph: Graph): WeightBytes {
  const readers = new Map<Value, Set<string>>()
  const constants: Value[] = []
  collect(graph, constants, readers)
  let kept = 0
  let copied = 0
  let largest = 0
  for (const value of constants) {
    const bytes = byteCount(value)
    const ways = readers.get(value) ?? new Set(['as it is'])
    kept += bytes * ways.size
    copied += bytes
    largest = Math.max(largest, bytes)
  }
  return { kept, opening: Math.max(kept, copied) + largest }
}

function collect(graph: Graph, constants: Value[], readers: Map<Value, Set<string>>): void {
  constants.push(...graph.initialisers.filter(({ shared }) => shared !== true))
  for (const node of graph.nodes) {
    node.inputs.forEach((input, index) => {
      if (!input?.constant) return
      readers.set(input, (readers.get(input) ?? new Set()).add(wayOfReading(node, index)))
    })
    for (const attribute of Object.values(node.attributes))
      if (attribute.kind === 'graph') collect(attribute.value, constants, readers)
  }
}

function wayOfReading({ operator, attributes }: Node, index: number): string {
  if (index !== 1 || !packing.has(operator)) return 'as it is'
  const { transB } = attributes
  return `arranged ${transB?.kind === 'int' && transB.value === 1}`
}
