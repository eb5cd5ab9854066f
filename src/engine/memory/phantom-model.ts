import { storedLength, type DataType, type HostTensor, type Shape, type TensorData } from '../graph'
import type { DecoderConfig } from '../models/decoder-config'
import type { Model } from '../models/model'
import { checkpointShapes } from '../models/names'
import { bytesOfType } from './bytes'

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  uint16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  uint4: Uint8Array,
  bool: Uint8Array
} as const satisfies Record<DataType, new (buffer: ArrayBuffer, offset: number, length: number) => TensorData>

/**
 * A model without weights, to build graphs with: every tensor has its shape and type, and all of them share one stretch
 * of memory that nobody ever writes, so that a model of a billion weights costs nothing.
 */
export function phantomModel(config: DecoderConfig, dtype: (name: string, shape: Shape) => DataType): Model {
  const shapes = [...checkpointShapes(config)].map(([name, shape]) => ({
    name,
    shape,
    dtype: dtype(name, shape)
  }))
  const largest = Math.max(...shapes.map((tensor) => byteCount(tensor)))
  const memory = new ArrayBuffer(8 * Math.ceil(largest / 8))
  const tensors = new Map<string, HostTensor>(
    shapes.map(({ name, shape, dtype: type }) => [
      name,
      { dtype: type, shape, data: new arrays[type](memory, 0, storedLength(type, shape)) }
    ])
  )
  return { config, tensors }
}

/** Bytes of a tensor as it is kept. */
export const byteCount = ({ dtype, shape }: Pick<HostTensor, 'dtype' | 'shape'>): number =>
  Math.ceil(shape.reduce((product, size) => product * size, 1) * bytesOfType[dtype])
