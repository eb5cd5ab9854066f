import { storedLength, type DataType, type HostTensor, type Shape, type TensorData } from './tensor'

/** A value that flows along an edge of the graph: assigned once, of a shape known when it is made. */
export interface Value {
  readonly graph: Graph
  name: string
  dtype: DataType
  readonly shape: Shape
  /** The node that makes it; null for inputs and constants. */
  readonly node: Node | null
  /** Set for initialisers. */
  constant?: TensorData
  /** Set for initialisers that several sessions read: a session on the processor reads them where they lie. */
  readonly shared?: boolean
  /** Of an input with an axis of any size: the most that it may measure. */
  readonly most?: Shape
}

export type Attribute =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'tensor'; readonly value: HostTensor }
  | { readonly kind: 'graph'; readonly value: Graph }

export const int = (value: number): Attribute => ({ kind: 'int', value })
export const float = (value: number): Attribute => ({ kind: 'float', value })
export const ints = (value: readonly number[]): Attribute => ({ kind: 'ints', value })
export const text = (value: string): Attribute => ({ kind: 'text', value })
export const subgraph = (value: Graph): Attribute => ({ kind: 'graph', value })

export type Attributes = Readonly<Record<string, Attribute>>

export interface Node {
  readonly operator: string
  /** '' for the standard operators, `com.microsoft` for ONNX Runtime's own. */
  readonly domain: string
  readonly name: string
  /** null stands for an optional input that is left out. */
  readonly inputs: readonly (Value | null)[]
  readonly outputs: readonly Value[]
  attributes: Attributes
  /** The group that this node belongs to, if its gradient is not its own affair. */
  readonly group: Group | null
}

/** The forward node or group that a rule differentiates. */
export interface RuleContext {
  readonly inputs: readonly Value[]
  readonly outputs: readonly Value[]
  /** Absent for a group. */
  readonly node?: Node
}

/**
 * A vector-Jacobian product. It is given the gradient of the first output, and those of all (null where nothing
 * depends on one), and says how to make the gradient of each input, or null where there is none. Only what is needed
 * is made. A gradient may still have the broadcast shape; it is summed down to its input's shape afterwards.
 */
export type GradientRule = (
  context: RuleContext,
  gradient: Value,
  gradients: readonly (Value | null)[]
) => readonly ((() => Value) | null)[]

/** Nodes that are differentiated as one, by a rule of their own (see `autodiff/custom.ts`). */
export interface Group {
  readonly name: string
  readonly inputs: readonly Value[]
  outputs: readonly Value[]
  readonly rule: GradientRule | 'stop'
}

/**
 * A stretch of nodes that is computed once more for its gradient, so that nothing between its input and its output is
 * kept until then (see `autodiff/recompute.ts`).
 */
export interface Segment {
  readonly input: Value
  readonly output: Value
  /** Its nodes are numbers `first` to `end` (excluded) of the graph. */
  readonly first: number
  readonly end: number
}

export interface GraphOptions {
  /** Use ONNX Runtime's fused operators. Off, only standard operators are used; those also have float64 kernels. */
  readonly fused?: boolean
}

/** ONNX Runtime's own operator domain. */
export const microsoft = 'com.microsoft'

/**
 * A graph of operators over tensors of static shape, built by the functions in this folder (`add(a, b)`, …).
 * Operands say which graph a node goes into: the innermost of theirs. A body (of a Loop) may use values of the graphs
 * around it; names are unique throughout because a body has a prefix.
 */
export class Graph {
  readonly inputs: Value[] = []
  readonly outputs: Value[] = []
  readonly initialisers: Value[] = []
  readonly nodes: Node[] = []
  readonly segments: Segment[] = []
  readonly fused: boolean
  readonly depth: number
  private counter = 0
  private group: Group | null = null
  private readonly constants = new Map<string, Value>()

  constructor(
    options: GraphOptions = {},
    readonly parent: Graph | null = null,
    readonly prefix = ''
  ) {
    this.fused = options.fused ?? true
    this.depth = parent ? parent.depth + 1 : 0
  }

  /** A graph inside this one: the body of a Loop. */
  body(name: string): Graph {
    return new Graph({ fused: this.fused }, this, `${this.prefix}${name}/`)
  }

  /** `most` is for whoever measures the graph, where the shape leaves a size open. */
  input(name: string, dtype: DataType, shape: Shape, most?: Shape): Value {
    const place = { graph: this, name: this.prefix + name, node: null }
    const value: Value = { ...place, dtype, shape, ...(most ? { most } : {}) }
    this.inputs.push(value)
    return value
  }

  /**
   * A constant tensor. The data is not copied, here or when the graph is encoded. ONNX Runtime copies it into each
   * session, and a matrix once more to read it faster, unless it is `shared` (see `Value.shared`).
   */
  initialiser(name: string, { dtype, shape, data }: HostTensor, { shared = false } = {}): Value {
    if (data.length !== storedLength(dtype, shape))
      throw new RangeError(`${name} has ${data.length} elements, its shape [${shape.join()}] says otherwise.`)
    const place = { graph: this, name: this.prefix + name, node: null }
    const value: Value = { ...place, dtype, shape, constant: data, ...(shared ? { shared } : {}) }
    this.initialisers.push(value)
    return value
  }

  /** A float scalar; each value is kept once. */
  scalar(value: number): Value {
    return this.once(`scalar ${Object.is(value, -0) ? '-0' : value}`, {
      dtype: 'float32',
      shape: [],
      data: Float32Array.of(value)
    })
  }

  /** A list of whole numbers, for shapes, axes and indices. */
  list(values: readonly number[]): Value {
    return this.once(`list ${values.join()}`, {
      dtype: 'int64',
      shape: [values.length],
      data: BigInt64Array.from(values, BigInt)
    })
  }

  /** Adds one node. `outputs` gives dtype and shape of each. */
  node(
    operator: string,
    inputs: readonly (Value | null)[],
    attributes: Attributes,
    outputs: readonly (readonly [DataType, Shape])[],
    domain = ''
  ): readonly Value[] {
    const name = `${this.prefix}${operator}_${this.counter++}`
    const made: Value[] = []
    const node: Node = { operator, domain, name, inputs, outputs: made, attributes, group: this.group }
    outputs.forEach(([dtype, shape], index) =>
      made.push({ graph: this, name: index === 0 ? name : `${name}.${index}`, dtype, shape, node })
    )
    this.nodes.push(node)
    return made
  }

  /** Makes `value` an output called `name`, and returns it. */
  output(name: string, value: Value): Value {
    const renamed =
      value.node !== null && value.graph === this && !this.outputs.includes(value)
        ? value
        : this.node('Identity', [value], {}, [[value.dtype, value.shape]])[0]
    renamed.name = this.prefix + name
    this.outputs.push(renamed)
    return renamed
  }

  /** Runs `build` so that its nodes count as one for differentiation. Groups do not nest. */
  asGroup(
    name: string,
    inputs: readonly Value[],
    rule: Group['rule'],
    build: () => readonly Value[]
  ): readonly Value[] {
    if (this.group) throw new Error(`Group ${name} stands inside group ${this.group.name}.`)
    const group: Group = { name, inputs, outputs: [], rule }
    this.group = group
    try {
      group.outputs = build()
    } finally {
      this.group = null
    }
    return group.outputs
  }

  /** Adds the nodes of `build` as a segment. Nothing outside may use them but its result. Segments do not nest. */
  asSegment(input: Value, build: () => Value): Value {
    const first = this.nodes.length
    const output = build()
    this.segments.push({ input, output, first, end: this.nodes.length })
    return output
  }

  /** Adds a node like `node` with other inputs, as part of `group`. */
  cloneNode(node: Node, inputs: readonly (Value | null)[], group: Group | null): readonly Value[] {
    const outputs = node.outputs.map(({ dtype, shape }) => [dtype, shape] as const)
    const around = this.group
    this.group = group
    try {
      return this.node(node.operator, inputs, node.attributes, outputs, node.domain)
    } finally {
      this.group = around
    }
  }

  private once(key: string, tensor: HostTensor): Value {
    const known = this.constants.get(key)
    if (known) return known
    const made = this.initialiser(`constant_${this.constants.size}`, tensor)
    this.constants.set(key, made)
    return made
  }
}

/** The innermost graph of these values: where a node that uses them belongs. */
export function innermost(values: readonly (Value | null)[]): Graph {
  const graphs = values.flatMap((value) => (value ? [value.graph] : []))
  if (graphs.length === 0) throw new Error('A node without operands needs a graph.')
  return graphs.reduce((deepest, graph) => (graph.depth > deepest.depth ? graph : deepest))
}
