import { subgraph, type Graph, type Value } from './graph'
import { anySize, int64, type Shape } from './tensor'

export interface LoopStep {
  /** bool scalar: go on after this turn. */
  readonly proceed: Value
  /** What the next turn gets, in the order of the initial values. */
  readonly carried: readonly Value[]
  /** Collected from every turn, stacked along a new first axis. */
  readonly collected?: readonly Value[]
}

export interface LoopResult {
  readonly carried: readonly Value[]
  /** Each [turns, ...shape]. If the loop ends early, fewer turns are there than the shape says. */
  readonly collected: readonly Value[]
}

/**
 * An ONNX Loop: at most `turns` turns (a number, or an int64 scalar) of the body that `build` makes. The body may use
 * values of the graph around it.
 * `build` is given the body, the turn (int64 scalar) and the carried values; each keeps its dtype and shape.
 */
export function loop(
  graph: Graph,
  name: string,
  turns: number | Value,
  initial: readonly Value[],
  build: (body: Graph, turn: Value, carried: readonly Value[]) => LoopStep
): LoopResult {
  const body = graph.body(name)
  const turn = body.input('turn', 'int64', [])
  body.input('proceed', 'bool', [])
  const carriedIn = initial.map(({ dtype, shape }, index) => body.input(`carried_${index}`, dtype, shape))

  const step = build(body, turn, carriedIn)
  body.output('next_proceed', step.proceed)
  step.carried.forEach((value, index) => body.output(`next_carried_${index}`, value))
  const collected = step.collected ?? []
  collected.forEach((value, index) => body.output(`collected_${index}`, value))

  const count =
    typeof turns === 'number'
      ? graph.initialiser(`${name}_turns`, int64([], BigInt64Array.of(BigInt(turns))))
      : turns
  const start = graph.initialiser(`${name}_start`, { dtype: 'bool', shape: [], data: Uint8Array.of(1) })
  const stacked = (shape: Shape): Shape => [typeof turns === 'number' ? turns : anySize, ...shape]
  const outputs = graph.node('Loop', [count, start, ...initial], { body: subgraph(body) }, [
    ...initial.map(({ dtype, shape }) => [dtype, shape] as const),
    ...collected.map(({ dtype, shape }) => [dtype, stacked(shape)] as const)
  ])
  return { carried: outputs.slice(0, initial.length), collected: outputs.slice(initial.length) }
}
