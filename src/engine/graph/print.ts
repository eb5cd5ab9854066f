import type { Attribute, Graph, Value } from './graph'
import { elementCount } from './tensor'

/** A graph as text, one line a node: for reading, and for snapshots in which a pure refactor shows no difference. */
export function printGraph(graph: Graph, indent = ''): string {
  const lines: string[] = []
  const say = (line: string): number => lines.push(indent + line)
  for (const value of graph.inputs) say(`input ${typed(value)}`)
  for (const value of graph.initialisers) say(`constant ${typed(value)}${contents(value)}`)
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((input) => input?.name ?? '-').join(', ')
    const plain = Object.entries(node.attributes).filter(([, attribute]) => attribute.kind !== 'graph')
    const attributes = plain.map(([name, attribute]) => `${name}=${attributeText(attribute)}`)
    const suffix = attributes.length > 0 ? ` {${attributes.join(', ')}}` : ''
    const group = node.group ? ` # ${node.group.name}` : ''
    say(`${node.outputs.map(typed).join(', ')} = ${node.operator}(${inputs})${suffix}${group}`)
    for (const attribute of Object.values(node.attributes))
      if (attribute.kind === 'graph') lines.push(printGraph(attribute.value, `${indent}  `))
  }
  for (const value of graph.outputs) say(`output ${value.name}`)
  return lines.join('\n')
}

const typed = ({ name, dtype, shape }: Value): string => `${name}: ${dtype}[${shape.join()}]`

/** Small constants are part of what a graph means; of large ones the shape is enough. */
function contents({ constant, shape }: Value): string {
  return constant && elementCount(shape) <= 8 ? ` = ${Array.from<number | bigint>(constant).join()}` : ''
}

function attributeText(attribute: Attribute): string {
  switch (attribute.kind) {
    case 'ints':
      return `[${attribute.value.join()}]`
    case 'tensor':
      return Array.from<number | bigint>(attribute.value.data).join()
    case 'graph':
      return 'graph'
    default:
      return String(attribute.value)
  }
}
