import { float32, sameShape, type HostTensor } from '../../graph/tensor'
import type { DecoderConfig } from '../../models/decoder-config'
import type { Model } from '../../models/model'
import { mergedTensors, rowRanges, rowsOf } from '../merged-tensors'
import { withModelFiles } from '../model-folder'
import type { Adapter } from '../peft'
import { corrupt } from '../safetensors-header'
import { ggufLayout, sourceRow, type PlacedTensor } from './layout'
import { openGguf, type GgufFile } from './read'
import { tensorTypes, type GgufTensorType } from './tensor-types'

/**
 * Reads a GGUF file back as a model that the engine computes with: every tensor dequantised, under its Hugging Face name
 * and in that order of rows. `config` is the one that the file was written from. What `between` throws ends it.
 * Throws what `openGguf` throws, and `checkpoint-corrupt` for a tensor of another shape.
 */
export function readGgufModel(path: string, config: DecoderConfig, between?: () => void): Model {
  const file = openGguf(path)
  try {
    const tensors = ggufLayout(config).map((placed): [string, HostTensor] => {
      between?.()
      return [placed.source, float32(placed.shape, readPlaced(path, file, placed))]
    })
    return { config, tensors: new Map(tensors) }
  } finally {
    file.close()
  }
}

/**
 * Reads a GGUF file back, tensor by tensor, and compares every weight with the model and adapter that it was written
 * from. Throws `checkpoint-corrupt` naming a tensor with a difference that rounding to its type does not explain.
 */
export function checkGgufWeights(
  path: string,
  model: string,
  adapter: Adapter | null,
  between?: () => void
): void {
  withModelFiles(model, (opened) => {
    const tensors = mergedTensors(opened, adapter)
    const file = openGguf(path)
    try {
      for (const placed of ggufLayout(opened.config)) {
        between?.()
        const { source, name, shape } = placed
        const found = readPlaced(path, file, placed)
        const type = file.tensors.get(name)?.type ?? 'F32'
        const { columns } = rowsOf(shape)
        for (const [first, count] of rowRanges(shape)) {
          const part = found.subarray(first * columns, (first + count) * columns)
          if (!withinRounding(type, tensors.rows(source, first, count), part))
            throw corrupt(path, `tensor "${name}" is not what was to be written`)
        }
      }
    } finally {
      file.close()
    }
  })
}

/** A tensor in Hugging Face's order of rows. */
function readPlaced(path: string, file: GgufFile, { name, shape, heads }: PlacedTensor): Float32Array {
  const found = file.tensors.get(name)
  if (found && !sameShape(found.shape, shape))
    throw corrupt(path, `tensor "${name}" has the shape [${found.shape.join(', ')}]`)
  const values = file.read(name)
  if (heads === 0) return values
  const whole = rowsOf(shape)
  const { rows, columns } = shape.length === 1 ? { rows: whole.columns, columns: 1 } : whole
  const restored = new Float32Array(values.length)
  for (let row = 0; row < rows; row++)
    restored.set(values.subarray(row * columns, (row + 1) * columns), sourceRow(row, rows, heads) * columns)
  return restored
}

/** Half of the smallest step of F16, and half of its relative precision. */
const smallestHalf = 2 ** -25
const relativeHalf = 2 ** -11

/**
 * Whether each element is as near as its type allows: F32 exactly; F16 by half a step; Q8_0 by half a scale, and what
 * rounding the scale itself to F16 adds to up to 127 of them.
 */
function withinRounding(type: GgufTensorType, wanted: Float32Array, found: Float32Array): boolean {
  const { block } = tensorTypes[type]
  let largest = 0
  for (let i = 0; i < wanted.length; i++) {
    if (type === 'F16') largest = Math.abs(wanted[i])
    else if (i % block === 0)
      largest = wanted.subarray(i, i + block).reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    const rounding = Math.max(smallestHalf, largest * relativeHalf)
    const allowed =
      type === 'F32'
        ? 0
        : type === 'F16'
          ? rounding
          : largest / 254 + 127 * Math.max(smallestHalf, (largest / 127) * relativeHalf)
    if (!(Math.abs(wanted[i] - found[i]) <= allowed * (1 + 1e-6))) return false
  }
  return true
}
