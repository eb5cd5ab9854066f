/**
 * Element types. The engine computes in float32, in tests in float64; `float16`, `bfloat16` and `uint4` are how weights
 * are kept. `bool` is one byte an element; `uint4` is two elements a byte, the first in the low half.
 */
export type DataType =
  'float32' | 'float64' | 'float16' | 'bfloat16' | 'int64' | 'int32' | 'bool' | 'uint8' | 'uint16' | 'uint4'

/** Sizes of the axes. */
export type Shape = readonly number[]

/**
 * The size of an axis that is known when the graph runs, such as a cache that grows with every turn of a Loop. Joined
 * with axes of n elements together it is -n (see `reshape`).
 */
export const anySize = -1

export type TensorData = Float32Array | Float64Array | BigInt64Array | Int32Array | Uint16Array | Uint8Array

/** A tensor in the memory of this process, row-major. */
export interface HostTensor {
  readonly dtype: DataType
  readonly shape: Shape
  readonly data: TensorData
}

/** Trainable tensors by name, in a fixed order. */
export type ParameterSet = Map<string, HostTensor>

export const elementCount = (shape: Shape): number => shape.reduce((product, size) => product * size, 1)

/** Elements of the array that holds a tensor. */
export const storedLength = (dtype: DataType, shape: Shape): number =>
  dtype === 'uint4' ? Math.ceil(elementCount(shape) / 2) : elementCount(shape)

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((size, axis) => size === b[axis])

export const float32 = (shape: Shape, data: Float32Array): HostTensor => ({ dtype: 'float32', shape, data })

export const int64 = (shape: Shape, data: BigInt64Array): HostTensor => ({ dtype: 'int64', shape, data })

export const scalar = (value: number): HostTensor => float32([], Float32Array.of(value))

/** The elements of a float32 tensor; anything else is a bug of the caller. */
export function floats({ dtype, data }: HostTensor): Float32Array {
  if (data instanceof Float32Array) return data
  throw new TypeError(`A ${dtype} tensor was read as float32.`)
}

/** The bytes of a tensor, not copied. */
export const bytesOf = ({ data }: HostTensor): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength)

/** The shape that two operands broadcast to, as NumPy and ONNX do it. */
export function broadcastShape(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[a.length - rank + axis] ?? 1
    const right = b[b.length - rank + axis] ?? 1
    if (left !== right && left !== 1 && right !== 1)
      throw new RangeError(`Shapes [${a.join()}] and [${b.join()}] do not broadcast.`)
    return left === 1 ? right : left
  })
}
