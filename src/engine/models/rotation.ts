import { float32, rotary, type Graph, type RotaryTables, type Value } from '../graph'
import type { DecoderConfig, RopeConfig } from './decoder-config'
import { ropeTables } from './rope'

/** x [B, heads, T, headSize] of one layer, turned by its positions int64 [B, T]. */
export type Rotate = (layer: number, x: Value, positions: Value) => Value

/** The rotations of every layer, for positions 0 to `positions` - 1; their tables are constants of the graph. */
export function rotation(graph: Graph, config: DecoderConfig, positions: number): Rotate {
  const { attention, rotarySize } = config
  const tables = new Map<RopeConfig, RotaryTables>()
  for (const { rope } of attention) {
    if (!rope || tables.has(rope)) continue
    const { cosine, sine } = ropeTables(rope, rotarySize, positions)
    const shape = [positions, rotarySize / 2]
    const suffix = tables.size === 0 ? '' : `_${tables.size}`
    tables.set(rope, {
      cosine: graph.initialiser(`rope_cosine${suffix}`, float32(shape, cosine)),
      sine: graph.initialiser(`rope_sine${suffix}`, float32(shape, sine))
    })
  }
  return (layer, x, at) => {
    const found = attention[layer].rope && tables.get(attention[layer].rope)
    return found ? rotary(x, at, found) : x
  }
}
