import {
  broadcastShape,
  reshape,
  sameShape,
  sum,
  sumOf,
  type GradientRule,
  type Group,
  type Node,
  type Shape,
  type Value
} from '../graph'
import { recompute } from './recompute'
import { rules } from './rules'

/**
 * Adds to the graph the gradients of a scalar `loss` with respect to `wanted`, in that order.
 * Reverse mode over the nodes as they were added; a value that does not depend on anything wanted costs nothing.
 * Segments of the graph are computed once more, each when its gradient is wanted (`recompute`).
 * Throws if a node in between has no rule, or if the loss does not depend on a wanted value.
 */
export function gradients(loss: Value, wanted: readonly Value[]): readonly Value[] {
  if (loss.shape.length > 0) throw new Error(`${loss.name} is no scalar.`)
  const { graph } = loss
  const nodes = [...graph.nodes]
  const needed = dependents(nodes, wanted)
  const found = new Map<Value, Value[]>([[loss, [graph.scalar(1)]]])

  const goBack = (through: readonly Node[]): void => {
    for (const step of stepsOf(through).reverse()) {
      const arrived = step.outputs.map((output) => (needed.has(output) ? total(found, output) : null))
      if (!arrived.some((gradient) => gradient !== null)) continue
      const makers = ruleOf(step)(step, arrived[0] as Value, arrived)
      step.inputs.forEach((input, index) => {
        const make = makers[index]
        if (!make || !needed.has(input)) return
        const list = found.get(input) ?? []
        list.push(sumDown(make(), input.shape))
        found.set(input, list)
      })
    }
  }
  let end = nodes.length
  for (const segment of [...graph.segments].reverse()) {
    goBack(nodes.slice(segment.end, end))
    end = segment.first
    const arrived = needed.has(segment.output) ? total(found, segment.output) : null
    if (!arrived) continue
    const again = recompute(graph, nodes, segment, arrived, needed)
    found.set(again.output, [arrived])
    goBack(again.nodes)
  }
  goBack(nodes.slice(0, end))
  for (const value of found.keys())
    if (value.node?.group && !value.node.group.outputs.includes(value))
      throw new Error(`The loss uses ${value.name}, which lies inside the group ${value.node.group.name}.`)
  return wanted.map((value) => {
    const gradient = total(found, value)
    if (!gradient) throw new Error(`${loss.name} does not depend on ${value.name}.`)
    return gradient
  })
}

/** What is differentiated as one: a node, or a group of nodes. */
interface Step {
  readonly name: string
  readonly inputs: readonly Value[]
  readonly outputs: readonly Value[]
  readonly node?: Node
  readonly rule: Group['rule'] | undefined
}

function stepsOf(nodes: readonly Node[]): Step[] {
  const groups = new Set<Group>()
  return nodes.flatMap((node): Step[] => {
    if (!node.group) return [nodeStep(node)]
    if (groups.has(node.group)) return []
    groups.add(node.group)
    return [node.group]
  })
}

function nodeStep(node: Node): Step {
  const inputs = node.inputs.filter((input) => input !== null)
  return { name: node.name, inputs, outputs: node.outputs, node, rule: rules[node.operator] }
}

/** Everything that depends on a wanted value through nodes that pass gradients on. */
function dependents(nodes: readonly Node[], wanted: readonly Value[]): Set<Value> {
  const needed = new Set(wanted)
  for (const { inputs, outputs, group } of nodes)
    if (group?.rule !== 'stop' && inputs.some((input) => input !== null && needed.has(input)))
      outputs.forEach((output) => needed.add(output))
  return needed
}

function ruleOf({ name, node, rule }: Step): GradientRule {
  if (rule === undefined || rule === 'stop')
    throw new Error(`There is no gradient rule for ${node?.operator ?? name} (${name}).`)
  return rule
}

/** The sum of what has arrived at a value; added up once. */
function total(found: Map<Value, Value[]>, value: Value): Value | null {
  const parts = found.get(value)
  if (!parts) return null
  const whole = sumOf(parts)
  found.set(value, [whole])
  return whole
}

/** Sums a gradient over the axes that broadcasting had spread its input along. */
function sumDown(gradient: Value, shape: Shape): Value {
  if (sameShape(gradient.shape, shape)) return gradient
  if (!sameShape(broadcastShape(gradient.shape, shape), gradient.shape))
    throw new Error(`${gradient.name} [${gradient.shape.join()}] is no gradient of a [${shape.join()}].`)
  const extra = gradient.shape.length - shape.length
  const axes = [...gradient.shape.keys()].filter(
    (axis) => axis < extra || (shape[axis - extra] === 1 && gradient.shape[axis] !== 1)
  )
  return reshape(sum(gradient, axes, { keep: true }), shape)
}
