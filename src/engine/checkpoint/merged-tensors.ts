import { floats } from '../graph/tensor'
import type { DecoderConfig, Linear } from '../models/decoder-config'
import { adapts, loraScale } from '../models/model'
import { layerName } from '../models/names'
import { loraName } from '../models/parameters'
import type { ModelFiles } from './model-folder'
import type { Adapter } from './peft'
import type { SafetensorsFile } from './safetensors'
import type { TensorEntry } from './safetensors-header'

/** A model's tensors, an adapter added to its matrices, read a few rows at a time. */
export interface MergedTensors {
  readonly config: DecoderConfig
  /** As the file has it. */
  entry(name: string): TensorEntry
  /** Whether the adapter changes this tensor. */
  changes(name: string): boolean
  /**
   * Rows of a tensor, as the checkpoint has them, in float32: W + `loraScale` · B·A where the adapter changes it. A
   * vector is one row. The sum is made in double precision and rounded once.
   */
  rows(name: string, first: number, count: number): Float32Array
}

/** Elements read and written at once: what an export needs of memory beside the adapter. */
export const pieceElements = 1 << 20

/** How many rows and columns a tensor has, a vector being one row. */
export function rowsOf(shape: readonly number[]): { readonly rows: number; readonly columns: number } {
  const columns = shape.at(-1) ?? 1
  return { columns, rows: shape.slice(0, -1).reduce((product, size) => product * size, 1) }
}

/** Ranges of rows that together make a tensor, each about `pieceElements`. */
export function* rowRanges(shape: readonly number[]): Generator<readonly [first: number, count: number]> {
  const { rows, columns } = rowsOf(shape)
  const step = Math.max(1, Math.floor(pieceElements / Math.max(1, columns)))
  for (let first = 0; first < rows; first += step) yield [first, Math.min(step, rows - first)]
}

/** Δ = left · right, to be added to a stored matrix. */
interface Change {
  /** [rows, rank], scaled. */
  readonly left: Float64Array
  /** [rank, columns] */
  readonly right: Float32Array
  readonly rank: number
}

/** Null as the adapter leaves every tensor as it is. */
export function mergedTensors({ config, files }: ModelFiles, adapter: Adapter | null): MergedTensors {
  const holder = (name: string): SafetensorsFile => {
    const found = files.find(({ entries }) => entries.has(name))
    if (!found) throw new Error(`The model has no tensor ${name}.`)
    return found
  }
  const adapted = new Map<string, () => Change>()
  if (adapter)
    for (const linear of config.linears.filter((one) => adapts(adapter.lora, one)))
      for (let layer = 0; layer < config.layers; layer++)
        adapted.set(`${layerName(config, layer, linear.path)}.weight`, () =>
          changeOf(config, adapter, layer, linear)
        )
  // Rows of one matrix come together: its change is kept until the next matrix.
  let latest: { readonly name: string; readonly change: Change } | null = null

  return {
    config,
    entry: (name) => holder(name).entries.get(name) as TensorEntry,
    changes: (name) => adapted.has(name),
    rows(name, first, count) {
      const file = holder(name)
      const { shape } = file.entries.get(name) as TensorEntry
      const { columns } = rowsOf(shape)
      const stored = file.readPart(name, first * columns, count * columns)
      const change = adapted.get(name)
      if (!change) return stored
      if (latest?.name !== name) latest = { name, change: change() }
      return addChange(stored, latest.change, first, columns)
    }
  }
}

/** B·A [outputs, inputs], or its transpose Aᵀ·Bᵀ where the checkpoint holds [inputs, outputs]. */
function changeOf(
  config: DecoderConfig,
  { lora, parameters }: Adapter,
  layer: number,
  linear: Linear
): Change {
  const half = (which: 'A' | 'B'): Float32Array => {
    const tensor = parameters.get(loraName(config, layer, linear, which))
    if (!tensor) throw new Error(`The adapter has no ${which} of ${linear.path}.`)
    return floats(tensor)
  }
  const { rank } = lora
  const { inputs, outputs } = linear
  const scale = loraScale(lora)
  const scaled = (values: Float32Array): Float64Array => Float64Array.from(values, (value) => value * scale)
  if (!linear.transposed) return { left: scaled(half('B')), right: half('A'), rank }
  return {
    left: scaled(transposed(half('A'), rank, inputs)),
    right: transposed(half('B'), outputs, rank),
    rank
  }
}

/** [rows, columns] -> [columns, rows] */
function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const turned = new Float32Array(values.length)
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      turned[column * rows + row] = values[row * columns + column]
  return turned
}

/** Adds rows of the change to rows of the matrix, in place. */
function addChange(stored: Float32Array, change: Change, first: number, columns: number): Float32Array {
  const { left, right, rank } = change
  const sum = new Float64Array(columns)
  for (let row = 0; row * columns < stored.length; row++) {
    const values = stored.subarray(row * columns, (row + 1) * columns)
    sum.set(values)
    for (let r = 0; r < rank; r++) {
      const factor = left[(first + row) * rank + r]
      if (factor === 0) continue
      const from = r * columns
      for (let column = 0; column < columns; column++) sum[column] += factor * right[from + column]
    }
    values.set(sum)
  }
  return stored
}
