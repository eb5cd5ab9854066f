import { float32, type HostTensor } from '../../graph/tensor'
import type { DecoderConfig } from '../../models/decoder-config'
import type { Model } from '../../models/model'
import { rowsOf } from '../merged-tensors'
import { corrupt } from '../safetensors-header'
import { ggufLayout, sourceRow } from './layout'
import { openGguf } from './read'

/**
 * Reads a GGUF file back as a model that the engine computes with: every tensor dequantised, under its Hugging Face name
 * and in that order of rows. `config` is the one that the file was written from.
 * Throws what `openGguf` throws, and `checkpoint-corrupt` for a tensor of another shape.
 */
export function readGgufModel(path: string, config: DecoderConfig): Model {
  const file = openGguf(path)
  try {
    const tensors = ggufLayout(config).map(({ source, name, shape, heads }): [string, HostTensor] => {
      const found = file.tensors.get(name)
      if (found && found.shape.join() !== shape.join())
        throw corrupt(path, `tensor "${name}" has the shape [${found.shape.join(', ')}]`)
      return [source, float32(shape, restore(file.read(name), shape, heads))]
    })
    return { config, tensors: new Map(tensors) }
  } finally {
    file.close()
  }
}

/** Rows back into Hugging Face's order. */
function restore(values: Float32Array, shape: readonly number[], heads: number): Float32Array {
  if (heads === 0) return values
  const whole = rowsOf(shape)
  const { rows, columns } = shape.length === 1 ? { rows: whole.columns, columns: 1 } : whole
  const restored = new Float32Array(values.length)
  for (let row = 0; row < rows; row++)
    restored.set(values.subarray(row * columns, (row + 1) * columns), sourceRow(row, rows, heads) * columns)
  return restored
}
