import { elementCount, float32, type ParameterSet } from '../../src/engine/graph'
import type { DecoderConfig } from '../../src/engine/models/decoder-config'
import { checkpointShapes } from '../../src/engine/models/names'
import { chance } from '../../src/pipeline/optimise/chance'
import { lookBack } from './look-back'

/** Layers that begin as described below; what later ones add begins at a tenth, so that they do not blur it. */
const layersThatMatch = 2
const later = 0.1
/** How far keys begin as queries, and what attention brings as what it has read. */
const likeness = 0.7
/** Words far apart from the first: with frozen or hardly trained embeddings they must be told apart as they are. */
const spread = 0.15

/**
 * Normal, with a deviation of 1 / sqrt(inputs), less for what is added to the residual stream; gains are 1. Beyond
 * that, as Trockman & Kolter (2023, arXiv 2305.09828) have it, attention begins by seeing what is like itself and by
 * passing on what it sees: keys begin near the queries, outputs near the transposed values. A model this small is long
 * in finding that by itself: without either of this and `lookBack`, 1,500 steps were not enough.
 */
export function firstWeights(of: DecoderConfig, seed: number): ParameterSet {
  const draws = chance(seed, 'parameters')
  const weights: ParameterSet = new Map()
  for (const [name, shape] of checkpointShapes(of)) {
    const deviation = deviationOf(of, name, shape)
    const data = Float32Array.from({ length: elementCount(shape) }, () =>
      shape.length === 1 ? Number(!name.endsWith('.bias')) : draws.normal() * deviation
    )
    weights.set(name, float32(shape, data))
  }
  const size = of.hiddenSize
  const other = Math.sqrt(1 - likeness ** 2)
  for (let layer = 0; layer < Math.min(layersThatMatch, of.layers); layer++) {
    const [query, key, value, output] = ['q', 'k', 'v', 'o'].map((part) =>
      dataOf(weights, `model.layers.${layer}.self_attn.${part}_proj.weight`)
    )
    for (let at = 0; at < key.length; at++) key[at] = likeness * query[at] + other * key[at]
    for (let row = 0; row < size; row++)
      for (let column = 0; column < size; column++)
        output[row * size + column] =
          (1 - likeness) * output[row * size + column] + likeness * value[column * size + row]
  }
  lookBack(of, (name) => dataOf(weights, `model.layers.0.self_attn.${name}`))
  return weights
}

function deviationOf(of: DecoderConfig, name: string, shape: readonly number[]): number {
  if (name.includes('embed')) return spread
  const isLater = Number(/layers\.(\d+)\./.exec(name)?.[1] ?? 0) >= layersThatMatch
  const residual = (isLater ? later : 1) / Math.sqrt(2 * of.layers)
  return (/(o_proj|down_proj)\.weight$/.test(name) ? residual : 1) / Math.sqrt(shape[1])
}

function dataOf(weights: ParameterSet, name: string): Float32Array {
  const data = weights.get(name)?.data
  if (!(data instanceof Float32Array)) throw new Error(`There are no weights called ${name}.`)
  return data
}
