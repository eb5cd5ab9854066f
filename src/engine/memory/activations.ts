import { anySize, type Graph, type Node, type Value } from '../graph'
import { Arena, type Block } from './arena'
import { planBuffers, type Turn } from './buffer-plan'
import { bytesOfType } from './bytes'

export interface Activations {
  /** Bytes that the session's arena comes to take: the results of all nodes, outputs included, and what is lost between them. */
  readonly arena: number
  /** Of these, what a Loop carries from turn to turn at its end, old and new together: the caches. */
  readonly carried: number
}

/**
 * What the nodes of a graph take when it runs. Inputs and initialisers are not counted. It follows the runtime's order
 * of execution, its reuse of buffers and its arena node by node, so that it is right for any graph that the engine
 * builds.
 */
export function measureActivations(graph: Graph): Activations {
  const simulation = new Simulation()
  // The second run finds the arena as the first one left it.
  for (let time = 0; time < 2; time++) simulation.release(simulation.run(graph, 0))
  return { arena: simulation.arena.resident, carried: simulation.carried }
}

/** Turns of a Loop that are followed, the last ones: what it carries is longest then. */
const turnsFollowed = 3

class Simulation {
  readonly arena = new Arena()
  carried = 0
  private readonly plans = new Map<Graph, readonly Turn[]>()

  /** `length`: what an axis of any size measures, 0 where there is none yet. @returns what is left: the outputs */
  run(graph: Graph, length: number): Iterable<Block> {
    const plan = this.plans.get(graph) ?? planBuffers(graph)
    this.plans.set(graph, plan)
    const blocks = new Map<Value, Block>()
    let any = length
    for (const { node, allocated, freed } of plan) {
      if (length === 0) any = grownTo(node, any)
      for (const { body, turns } of loopsOf(node)) this.runLoop(body, any, turns)
      for (const value of allocated) blocks.set(value, this.arena.allocate(bytesOf(value, any)))
      for (const value of freed) {
        const block = blocks.get(value)
        if (block) this.arena.free(block)
        blocks.delete(value)
      }
    }
    return blocks.values()
  }

  release(blocks: Iterable<Block>): void {
    for (const block of blocks) this.arena.free(block)
  }

  /** A turn's outputs are the next one's inputs. */
  private runLoop(body: Graph, length: number, turns: number): void {
    let before: Iterable<Block> = []
    for (let turn = Math.max(0, turns - turnsFollowed); turn < turns; turn++) {
      const made = this.run(body, length + turn)
      this.release(before)
      before = made
    }
    this.release(before)
    const bytes = body.outputs.reduce((sum, value) => sum + bytesOf(value, length + turns), 0)
    this.carried = Math.max(this.carried, 2 * bytes)
  }
}

/** Of a Loop: its body, and how many turns it takes at most; each makes an axis of any size longer by one. */
function loopsOf({ operator, inputs, attributes }: Node): { body: Graph; turns: number }[] {
  if (operator !== 'Loop') return []
  const turns = Number(inputs[0]?.constant?.[0] ?? 1)
  return Object.values(attributes).flatMap((attribute) =>
    attribute.kind === 'graph' ? [{ body: attribute.value, turns }] : []
  )
}

/** What an axis of any size measures after a Concat that makes one. */
function grownTo({ operator, inputs, outputs }: Node, before: number): number {
  const axis = outputs[0].shape.indexOf(anySize)
  if (operator !== 'Concat' || axis < 0) return before
  const sizes = inputs.map((input) => input?.shape[axis] ?? 0)
  return Math.max(
    before,
    sizes.reduce((sum, size) => sum + (size === anySize ? before : size), 0)
  )
}

const bytesOf = ({ shape, dtype }: Value, any: number): number =>
  shape.reduce((product, size) => product * (size === anySize ? any : size), 1) * bytesOfType[dtype]
