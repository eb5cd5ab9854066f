import { bytesOfElements, tensorTypes, type GgufTensorType } from './tensor-types'
import { valueTypes, type GgufMetadata, type GgufValue, type ScalarType } from './values'

/** A tensor of a GGUF file. */
export interface GgufTensor {
  readonly name: string
  readonly type: GgufTensorType
  /** Row-major, as everywhere here; the file lists sizes from the innermost. */
  readonly shape: readonly number[]
}

export const magic = 0x46554747 // "GGUF"
export const version = 3
/** Bytes: every tensor begins at a multiple of this, counted from the first. */
export const alignment = 32
/** Bytes: llama.cpp reads no longer name. */
const longestName = 63

export const aligned = (offset: number, to = alignment): number => Math.ceil(offset / to) * to

export const tensorBytes = ({ type, shape }: GgufTensor): number =>
  bytesOfElements(
    type,
    shape.reduce((count, size) => count * size, 1)
  )

/** Bytes put one after another, little-endian. */
class ByteWriter {
  private bytes = new Uint8Array(1 << 16)
  private view = new DataView(this.bytes.buffer)
  private length = 0

  number(type: Exclude<ScalarType, 'string' | 'bool'>, value: number): void {
    this.reserve(8)
    const at = this.length
    const { view } = this
    const write = {
      uint8: () => (view.setUint8(at, value), 1),
      int8: () => (view.setInt8(at, value), 1),
      uint16: () => (view.setUint16(at, value, true), 2),
      int16: () => (view.setInt16(at, value, true), 2),
      uint32: () => (view.setUint32(at, value, true), 4),
      int32: () => (view.setInt32(at, value, true), 4),
      float32: () => (view.setFloat32(at, value, true), 4),
      uint64: () => (view.setBigUint64(at, BigInt(value), true), 8),
      int64: () => (view.setBigInt64(at, BigInt(value), true), 8),
      float64: () => (view.setFloat64(at, value, true), 8)
    }
    this.length += write[type]()
  }

  string(text: string): void {
    const encoded = new TextEncoder().encode(text)
    this.number('uint64', encoded.length)
    this.reserve(encoded.length)
    this.bytes.set(encoded, this.length)
    this.length += encoded.length
  }

  scalar(type: ScalarType, value: string | number | boolean): void {
    if (type === 'string') this.string(String(value))
    else this.number(type === 'bool' ? 'uint8' : type, Number(value))
  }

  /** What was written, with zeros up to the next multiple of `to`. */
  padded(to: number): Uint8Array {
    const size = aligned(this.length, to)
    this.reserve(size - this.length)
    return this.bytes.subarray(0, size)
  }

  private reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(2 * this.bytes.length, this.length + more))
    grown.set(this.bytes)
    this.bytes = grown
    this.view = new DataView(grown.buffer)
  }
}

/**
 * Everything of a GGUF file before its tensors' data, padded so that data may follow: magic, version, metadata, and the
 * name, sizes, type and place of each tensor. Tensors lie in the order given, each padded to `alignment`.
 * Source: docs/gguf.md of ggml, version 3.
 */
export function encodeGgufHeader(metadata: GgufMetadata, tensors: readonly GgufTensor[]): Uint8Array {
  const writer = new ByteWriter()
  writer.number('uint32', magic)
  writer.number('uint32', version)
  writer.number('uint64', tensors.length)
  writer.number('uint64', metadata.size)
  for (const [key, value] of metadata) {
    writer.string(key)
    writeValue(writer, value)
  }
  let offset = 0
  for (const tensor of tensors) {
    if (tensor.name.length > longestName) throw new RangeError(`${tensor.name} is too long a name for GGUF.`)
    writer.string(tensor.name)
    writer.number('uint32', tensor.shape.length)
    for (const size of [...tensor.shape].reverse()) writer.number('uint64', size)
    writer.number('uint32', tensorTypes[tensor.type].code)
    writer.number('uint64', offset)
    offset += aligned(tensorBytes(tensor))
  }
  return writer.padded(alignment)
}

function writeValue(writer: ByteWriter, value: GgufValue): void {
  writer.number('uint32', valueTypes.indexOf(value.type))
  if (value.type !== 'array') return writer.scalar(value.type, value.value)
  writer.number('uint32', valueTypes.indexOf(value.of))
  writer.number('uint64', value.value.length)
  for (const element of value.value) writer.scalar(value.of, element)
}
