import type { Graph, Node, Shape, Value } from '../graph'
import type { RunSizes } from '../session'
import { outputSizes, sizesOf } from './actual-shapes'
import { Arena, type Block } from './arena'
import { planBuffers, type Turn } from './buffer-plan'
import { bytesOfType } from './bytes'

/**
 * Bytes that a session's arena comes to take when its graph runs: the results of all nodes, outputs included, and what is
 * lost between them. Inputs and initialisers are not counted. It follows the runtime's order of execution, its reuse of
 * buffers and its arena node by node, so that it is right for any graph that the engine builds.
 */
export function activationBytes(graph: Graph, runs: readonly RunSizes[] = [asItIs, asItIs]): number {
  const simulation = new Simulation()
  // A run finds the arena as the one before it left it.
  for (const sizes of runs) simulation.feed(graph, sizes)
  return simulation.arena.resident
}

/** A run of a graph that leaves nothing open. */
const asItIs: RunSizes = { sizes: new Map(), turns: 1, waiting: 0 }

/** At most so many turns of a Loop are followed, evenly spread: what grows leaves holes that are too small for it. */
const turnsFollowed = 256

interface Left {
  readonly blocks: Iterable<Block>
  readonly sizes: Map<Value, Shape>
}

class Simulation {
  readonly arena = new Arena()
  private readonly plans = new Map<Graph, readonly Turn[]>()
  private turns = 1

  feed(graph: Graph, { sizes, turns }: RunSizes): void {
    this.turns = turns
    const given = new Map<Value, Shape>()
    for (const input of graph.inputs) {
      const shape = sizes.get(input.name) ?? input.most
      if (shape) given.set(input, shape)
    }
    this.release(this.run(graph, given))
  }

  /** Adds what it finds to `sizes`. @returns what is left: the outputs */
  private run(graph: Graph, sizes: Map<Value, Shape>): Left {
    const plan = this.plans.get(graph) ?? planBuffers(graph)
    this.plans.set(graph, plan)
    const blocks = new Map<Value, Block>()
    const bytesOf = (value: Value): number =>
      sizesOf(value, sizes).reduce((count, size) => count * size, 1) * bytesOfType[value.dtype]
    for (const { node, allocated, freed } of plan) {
      for (const body of bodiesOf(node)) this.runLoop(node, body, sizes)
      for (const [value, shape] of outputSizes(node, sizes)) if (!sizes.has(value)) sizes.set(value, shape)
      for (const value of allocated) blocks.set(value, this.arena.allocate(bytesOf(value)))
      for (const value of freed) {
        const block = blocks.get(value)
        if (block) this.arena.free(block)
        blocks.delete(value)
      }
    }
    return { blocks: blocks.values(), sizes }
  }

  private release({ blocks }: Pick<Left, 'blocks'>): void {
    for (const block of blocks) this.arena.free(block)
  }

  /** A turn's outputs are the next one's inputs: turn and condition come first, then what is carried. */
  private runLoop(node: Node, body: Graph, outer: Map<Value, Shape>): void {
    const count = node.inputs[0]?.constant?.[0]
    const turns = count === undefined ? this.turns : Number(count)
    const carriedIn = body.inputs.slice(2)
    let shapes = node.inputs.slice(2).map((input) => (input ? sizesOf(input, outer) : []))
    const stride = Math.ceil(turns / turnsFollowed)
    let before: Left | null = null
    for (let turn = 0; turn < turns; turn += stride) {
      const sizes = new Map(outer)
      carriedIn.forEach((value, index) => sizes.set(value, shapes[index]))
      const made = this.run(body, sizes)
      if (before) this.release(before)
      before = made
      const next = body.outputs.slice(1, 1 + carriedIn.length).map((value) => sizesOf(value, made.sizes))
      shapes = next.map((shape, index) =>
        // Turns that are not followed grow what the followed ones grow.
        shape.map((size, axis) => size + (turn === 0 ? 0 : (stride - 1) * (size - shapes[index][axis])))
      )
    }
    if (before) this.release(before)
    carriedIn.forEach((_, index) => outer.set(node.outputs[index], shapes[index]))
  }
}

const bodiesOf = ({ attributes }: Node): Graph[] =>
  Object.values(attributes).flatMap((attribute) => (attribute.kind === 'graph' ? [attribute.value] : []))
