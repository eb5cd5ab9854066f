import { closeSync, fstatSync } from 'node:fs'
import { EngineFailure } from '../../failure'
import { openRegularFile, readExactly } from '../open-file'
import { corrupt } from '../safetensors-header'
import { aligned, alignment, magic, tensorBytes, version, type GgufTensor } from './header'
import { tensorTypes, type GgufTensorType } from './tensor-types'
import { valueBytes, valueTypes, type GgufArray, type GgufMetadata, type GgufValue } from './values'

/** An open GGUF file: header read and checked, data read when asked for. */
export interface GgufFile {
  readonly metadata: GgufMetadata
  /** By name, in the order of the file. */
  readonly tensors: ReadonlyMap<string, GgufTensor>
  /** All elements of a tensor, dequantised, row-major. */
  read(name: string): Float32Array
  close(): void
}

/** More of either than any model has: a damaged count must not become a loop of years. */
const mostEntries = 1_000_000
/** ggml's limit. */
const mostAxes = 4

/**
 * Opens a GGUF file of version 3, little-endian, with tensors in F32, F16 or Q8_0. Everything in the header is held to
 * the size of the file. Throws `not-found`, `not-a-file`, `unreadable`, or `checkpoint-corrupt` for a file that is damaged or of
 * another kind.
 */
export function openGguf(path: string): GgufFile {
  const descriptor = openRegularFile(path)
  try {
    return openHeader(path, descriptor)
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

function openHeader(path: string, descriptor: number): GgufFile {
  const size = fstatSync(descriptor).size
  const reader = new ByteReader(path, descriptor, size)
  if (reader.number('uint32') !== magic) throw corrupt(path, 'it does not begin with "GGUF"')
  const found = reader.number('uint32')
  if (found !== version) throw corrupt(path, `it is of GGUF version ${found}, and ${version} is read`)
  const tensorCount = reader.count('tensors', mostEntries)
  const keyCount = reader.count('metadata keys', mostEntries)

  const metadata = new Map<string, GgufValue>()
  for (let i = 0; i < keyCount; i++) metadata.set(reader.string(), readValue(path, reader))
  const unit = metadata.get('general.alignment')?.value ?? alignment
  if (typeof unit !== 'number' || unit < 8 || unit % 8 !== 0)
    throw corrupt(path, `its alignment is ${String(unit)}`)

  const placed = Array.from({ length: tensorCount }, () => readTensor(path, reader))
  const dataStart = aligned(reader.position, unit)
  const offsets = new Map<string, number>()
  const tensors = new Map<string, GgufTensor>()
  for (const { tensor, offset } of placed) {
    const { name } = tensor
    if (tensors.has(name)) throw corrupt(path, `it names "${name}" twice`)
    if (offset % unit !== 0 || dataStart + offset + tensorBytes(tensor) > size)
      throw corrupt(path, `tensor "${name}" lies outside the file`)
    tensors.set(name, tensor)
    offsets.set(name, dataStart + offset)
  }
  return {
    metadata,
    tensors,
    read(name) {
      const tensor = tensors.get(name)
      if (!tensor) throw new EngineFailure('tensor-missing', `${path} has no tensor "${name}".`)
      const bytes = readExactly(path, descriptor, offsets.get(name) as number, tensorBytes(tensor))
      return tensorTypes[tensor.type].decode(bytes)
    },
    close: () => closeSync(descriptor)
  }
}

function readValue(path: string, reader: ByteReader): GgufValue {
  const type = valueTypes[reader.number('uint32')]
  if (type === undefined) throw corrupt(path, 'a metadata value is of no known type')
  if (type !== 'array') return { type, value: reader.scalar(type) } as GgufValue
  const of = valueTypes[reader.number('uint32')]
  if (of === undefined || of === 'array') throw corrupt(path, 'a metadata list holds values of no known type')
  const smallest = of === 'string' ? 8 : valueBytes[of]
  const length = reader.count('values', Math.floor(reader.left / smallest))
  return { type, of, value: Array.from({ length }, () => reader.scalar(of)) } as GgufArray
}

function readTensor(path: string, reader: ByteReader): { tensor: GgufTensor; offset: number } {
  const name = reader.string()
  const axes = reader.number('uint32')
  if (axes < 1 || axes > mostAxes) throw corrupt(path, `tensor "${name}" has ${axes} axes`)
  const shape = Array.from({ length: axes }, () =>
    reader.count('elements', Number.MAX_SAFE_INTEGER)
  ).reverse()
  const code = reader.number('uint32')
  const type = (Object.keys(tensorTypes) as GgufTensorType[]).find((name) => tensorTypes[name].code === code)
  if (!type) throw corrupt(path, `tensor "${name}" is of type ${code}; F32, F16 and Q8_0 are read`)
  if ((shape.at(-1) ?? 0) % tensorTypes[type].block !== 0)
    throw corrupt(path, `rows of tensor "${name}" are no whole blocks of ${type}`)
  return { tensor: { name, type, shape }, offset: reader.count('bytes', Number.MAX_SAFE_INTEGER) }
}

/** Bytes read at once. */
const windowBytes = 1 << 20

/** Reads a file from its start, never past its end. */
class ByteReader {
  position = 0
  private window: Uint8Array = new Uint8Array()
  private windowStart = 0

  constructor(
    private readonly path: string,
    private readonly descriptor: number,
    private readonly size: number
  ) {}

  get left(): number {
    return this.size - this.position
  }

  number(type: keyof typeof valueBytes): number {
    const bytes = this.take(valueBytes[type])
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const read = {
      bool: () => view.getUint8(0),
      uint8: () => view.getUint8(0),
      int8: () => view.getInt8(0),
      uint16: () => view.getUint16(0, true),
      int16: () => view.getInt16(0, true),
      uint32: () => view.getUint32(0, true),
      int32: () => view.getInt32(0, true),
      float32: () => view.getFloat32(0, true),
      uint64: () => Number(view.getBigUint64(0, true)),
      int64: () => Number(view.getBigInt64(0, true)),
      float64: () => view.getFloat64(0, true)
    }
    return read[type]()
  }

  /** A 64-bit count of at most `most`. */
  count(what: string, most: number): number {
    const value = this.number('uint64')
    if (value > most) throw corrupt(this.path, `it claims ${value} ${what}`)
    return value
  }

  string(): string {
    const bytes = this.take(this.count('bytes of a text', this.left))
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    } catch {
      throw corrupt(this.path, 'a text in its header is not valid UTF-8')
    }
  }

  scalar(type: keyof typeof valueBytes | 'string'): number | string | boolean {
    if (type === 'string') return this.string()
    return type === 'bool' ? this.number('bool') === 1 : this.number(type)
  }

  private take(count: number): Uint8Array {
    if (count > this.left) throw corrupt(this.path, 'the file is cut off within its header')
    if (this.position + count > this.windowStart + this.window.length) {
      this.window = readExactly(
        this.path,
        this.descriptor,
        this.position,
        Math.min(this.left, Math.max(count, windowBytes))
      )
      this.windowStart = this.position
    }
    const start = this.position - this.windowStart
    this.position += count
    return this.window.subarray(start, start + count)
  }
}
