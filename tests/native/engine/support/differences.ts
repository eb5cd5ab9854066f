import { gradients } from '../../../../src/engine/autodiff/gradients'
import { Graph, toFloat64, type HostTensor, type Value } from '../../../../src/engine/graph'
import { openRuntime } from '../../../../src/engine/runtime/session'
import type { Tensors } from '../../../../src/engine/session'
import { Random } from './random'

const cpu = openRuntime({ device: 'cpu', threads: 1 })
/** Balances the error of the difference quotient (h²) against that of float64 (1e-16 / h). */
const h = 1e-5

export interface Differentiable {
  readonly graph: Graph
  readonly loss: Value
  readonly parameters: ReadonlyMap<string, Value>
}

const wide = (tensor: HostTensor): HostTensor =>
  tensor.dtype === 'float32'
    ? { ...tensor, dtype: 'float64', data: Float64Array.from(tensor.data as Float32Array) }
    : tensor

const widened = (tensors: Tensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, wide(tensor)]))

/** The gradients of a loss by name, in the precision that the graph is built in. */
export async function analyticGradients(
  build: (graph: Graph) => Differentiable,
  inputs: Tensors,
  precision: 'float64' | 'fused float32'
): Promise<Map<string, Float64Array>> {
  const isWide = precision === 'float64'
  const { graph, loss, parameters } = build(new Graph({ fused: !isWide }))
  const made = gradients(loss, [...parameters.values()])
  ;[...parameters.keys()].forEach((name, index) => graph.output(`gradient.${name}`, made[index]))
  const session = await cpu.open(isWide ? toFloat64(graph) : graph, { optimise: !isWide })
  const results = await session.run(isWide ? widened(inputs) : inputs)
  await session.release()
  return new Map(
    [...parameters.keys()].map((name) => [
      name,
      Float64Array.from(results[`gradient.${name}`].data as Float64Array)
    ])
  )
}

/**
 * The worst relative error, tensor by tensor, of gradients against central differences of the float64 loss:
 * max|a - n| / max(max|n|, 1e-6) over so many entries of each tensor, or all if there are fewer: the one with the largest
 * gradient, and others at random.
 */
export async function worstErrors(
  build: (graph: Graph) => Differentiable,
  inputs: Tensors,
  gradientSets: readonly ReadonlyMap<string, Float64Array>[],
  /** Inputs that are other than `inputs` while one tensor is moved: how a stopped gradient is taken out of the loss. */
  insteadFor: (name: string) => Tensors = () => ({}),
  entriesPerTensor = 64
): Promise<Map<string, number>[]> {
  const { graph, loss, parameters } = build(new Graph({ fused: false }))
  graph.output('loss', loss)
  const session = await cpu.open(toFloat64(graph), { optimise: false })
  const feeds = widened(inputs)
  const random = new Random(1)
  const errors = gradientSets.map(() => new Map<string, number>())
  for (const name of parameters.keys()) {
    const data = feeds[name].data as Float64Array
    const ownFeeds = { ...feeds, ...widened(insteadFor(name)) }
    const lossWith = async (index: number, value: number): Promise<number> => {
      const kept = data[index]
      data[index] = value
      const { loss: result } = await session.run(ownFeeds, ['loss'])
      data[index] = kept
      return (result.data as Float64Array)[0]
    }
    const entries = someOf(data.length, entriesPerTensor, random)
    const steepest = indexOfSteepest(gradientSets[0].get(name) ?? [])
    if (!entries.includes(steepest)) entries[0] = steepest
    const numeric: number[] = []
    for (const index of entries) {
      const value = data[index]
      numeric.push(((await lossWith(index, value + h)) - (await lossWith(index, value - h))) / (2 * h))
    }
    const largest = Math.max(1e-6, ...numeric.map(Math.abs))
    gradientSets.forEach((set, which) => {
      const analytic = set.get(name)
      if (!analytic) throw new Error(`${name} has no gradient.`)
      const off = entries.map((index, i) => Math.abs(analytic[index] - numeric[i]))
      errors[which].set(name, Math.max(...off) / largest)
    })
  }
  await session.release()
  return errors
}

function someOf(count: number, wanted: number, random: Random): number[] {
  if (count <= wanted) return [...Array(count).keys()]
  const chosen = new Set<number>()
  while (chosen.size < wanted) chosen.add(random.below(count))
  return [...chosen]
}

const indexOfSteepest = (gradient: ArrayLike<number>): number =>
  Array.from(gradient).reduce(
    (best, value, index, all) => (Math.abs(value) > Math.abs(all[best]) ? index : best),
    0
  )

export const worst = (errors: ReadonlyMap<string, number>): number => Math.max(...errors.values())
