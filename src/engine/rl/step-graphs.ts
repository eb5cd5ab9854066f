import { gradients } from '../autodiff/gradients'
import { add, Graph, type Value } from '../graph'
import { valueBias, valueWeight } from '../models/parameters'
import { adamw, optimizerInputs, type OptimizerInputs } from '../optim/adamw'
import type { Loss } from './loss'

/** Norms of the gradients before the clip. */
export const policyNorm = 'gradientNorm'
export const valueNorm = 'valueGradientNorm'

/** Outputs that are fetched only to find out which gradient is no number. */
export const squareName = (name: string): string => `square.${name}`
/** What a micro-batch adds to, and what it makes of it. */
export const sumName = (name: string): string => `sum.${name}`
export const gradientName = (name: string): string => `gradient.${name}`

export const isValueHead = (name: string): boolean => name === valueWeight || name === valueBias

/** Completes the graph of a loss with its gradients and the optimiser. Returns the names of the scalars it reports. */
export function completeStep(loss: Loss): readonly string[] {
  const made = gradientsOf(loss)
  const inputs = optimizerInputs(loss.graph)
  return [...outputTerms(loss), ...outputUpdates(loss.graph, loss.parameters, made, inputs)]
}

/**
 * Completes the graph of a loss with its gradients, added to those of the micro-batches before (inputs `sum.NAME`,
 * outputs `gradient.NAME`). Returns the names of the scalars it reports.
 */
export function completeGradients(loss: Loss): readonly string[] {
  const { graph, parameters } = loss
  const made = gradientsOf(loss)
  const reported = outputTerms(loss)
  for (const [name, { shape }] of parameters)
    graph.output(gradientName(name), add(graph.input(sumName(name), 'float32', shape), find(made, name)))
  return reported
}

/** The optimiser alone, for gradients that come in as inputs `gradient.NAME`. */
export function updateGraph({ parameters: shapes }: Pick<Loss, 'parameters'>): {
  readonly graph: Graph
  readonly reported: readonly string[]
} {
  const graph = new Graph()
  const parameters = new Map<string, Value>()
  const made = new Map<string, Value>()
  for (const [name, { shape }] of shapes) {
    parameters.set(name, graph.input(name, 'float32', shape))
    made.set(name, graph.input(gradientName(name), 'float32', shape))
  }
  return { graph, reported: outputUpdates(graph, parameters, made, optimizerInputs(graph)) }
}

function gradientsOf({ loss, parameters }: Loss): Map<string, Value> {
  const made = gradients(loss, [...parameters.values()])
  return new Map([...parameters.keys()].map((name, index) => [name, made[index]]))
}

function outputTerms({ graph, loss, terms }: Loss): readonly string[] {
  graph.output('loss', loss)
  for (const [name, term] of terms) graph.output(name, term)
  return ['loss', ...terms.keys()]
}

function outputUpdates(
  graph: Graph,
  parameters: ReadonlyMap<string, Value>,
  made: ReadonlyMap<string, Value>,
  inputs: OptimizerInputs
): readonly string[] {
  const part = (keep: (name: string) => boolean): Map<string, Value> =>
    new Map([...parameters].filter(([name]) => keep(name)))
  // The value head is clipped by itself: its gradient says nothing about how far the policy may move.
  const groups = [
    [policyNorm, part((name) => !isValueHead(name))],
    [valueNorm, part(isValueHead)]
  ] as const
  const norms: string[] = []
  for (const [normName, tensors] of groups) {
    if (tensors.size === 0) continue
    const { norm, squares, updated } = adamw(graph, tensors, made, inputs)
    norms.push(graph.output(normName, norm).name)
    for (const [name, square] of squares) graph.output(squareName(name), square)
    for (const [name, { parameter, first, second }] of updated) {
      graph.output(`next.${name}`, parameter)
      graph.output(`next.first.${name}`, first)
      graph.output(`next.second.${name}`, second)
    }
  }
  return norms
}

function find(values: ReadonlyMap<string, Value>, name: string): Value {
  const found = values.get(name)
  if (!found) throw new Error(`${name} has no gradient.`)
  return found
}
