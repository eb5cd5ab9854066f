import { closeSync, fstatSync } from 'node:fs'
import type { Hash } from 'node:crypto'
import { EngineFailure } from '../failure'
import { elementCount, float32, floats, type HostTensor } from '../graph/tensor'
import { widened } from './half-precision'
import { openRegularFile, readExactly } from './open-file'
import {
  corrupt,
  headerLimit,
  parseSafetensorsHeader,
  type SafetensorsHeader,
  type TensorEntry
} from './safetensors-header'

/** Bytes of the header's length, which every safetensors file starts with (64 bits, little-endian). */
const prefixBytes = 8
/** Bytes read at once where a tensor is only hashed, not kept. */
const chunkBytes = 1 << 22

/** An open safetensors file. The header has been read and checked; data is read when asked for, by position. */
export interface SafetensorsFile extends SafetensorsHeader {
  readonly path: string
  /** Reads one tensor; F16 and BF16 are widened to float32, other types are `architecture-unsupported`. */
  read(name: string): HostTensor
  /** Reads `count` elements of a tensor from element `first` on, row-major; as `read` does. */
  readPart(name: string, first: number, count: number): Float32Array
  /** Bytes of the file, half-open; for copies that change nothing. */
  readBytes(begin: number, end: number): Uint8Array
  /**
   * Reads the tensors that `wanted` accepts, in one pass over the file, and feeds every byte of the file to `hash`.
   * The order is that of the header.
   */
  readAll(wanted?: (name: string) => boolean, hash?: Hash): Map<string, HostTensor>
  /** The same, one tensor after another in the order of the file, and as the file has it: float32, float16 or bfloat16. */
  readEach(
    wanted: (name: string) => boolean,
    hash: Hash | undefined,
    use: (name: string, tensor: HostTensor) => void
  ): void
  close(): void
}

/** What a tensor is to be called, of a file that `has` others. */
export type Rename = (name: string, has: (name: string) => boolean) => string

/**
 * Opens a safetensors file. Throws `not-found`, `not-a-file`, `unreadable`, `empty-file` or `checkpoint-corrupt`,
 * each naming the file and, where there is one, the tensor.
 */
export function openSafetensors(path: string, rename?: Rename): SafetensorsFile {
  const descriptor = openRegularFile(path)
  try {
    return openHeader(path, descriptor, rename)
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

/** All tensors of a file, in the order of its header. */
export function readSafetensors(path: string): Map<string, HostTensor> {
  const file = openSafetensors(path)
  try {
    return file.readAll()
  } finally {
    file.close()
  }
}

/**
 * The bytes of a safetensors file, as pieces to be written one after another: header first, then each tensor's own
 * memory (not copied). Tensors lie in the order of the map; the header is padded so that data starts on 8 bytes.
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, HostTensor>,
  metadata?: Readonly<Record<string, string>>
): Uint8Array[] {
  const described = [...tensors].map(([name, { dtype, shape, data }]): TensorToWrite => {
    if (dtype !== 'float32') {
      throw new EngineFailure(
        'architecture-unsupported',
        `Tensor "${name}" is ${dtype}; only float32 is saved.`
      )
    }
    return { name, dtype: 'F32', shape, bytes: data.byteLength }
  })
  return [
    encodeSafetensorsHeader(described, metadata),
    ...[...tensors.values()].map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  ]
}

export interface TensorToWrite extends Pick<TensorEntry, 'name' | 'dtype' | 'shape'> {
  readonly bytes: number
}

/** The first piece of a safetensors file whose tensors follow in this order, without gaps. */
export function encodeSafetensorsHeader(
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>> = { format: 'pt' }
): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata }
  let offset = 0
  for (const { name, dtype, shape, bytes } of tensors) {
    header[name] = { dtype, shape, data_offsets: [offset, offset + bytes] }
    offset += bytes
  }
  const text = new TextEncoder().encode(JSON.stringify(header))
  const padded = Math.ceil(text.length / 8) * 8
  const start = new Uint8Array(prefixBytes + padded).fill(0x20)
  new DataView(start.buffer).setBigUint64(0, BigInt(padded), true)
  start.set(text, prefixBytes)
  return start
}

function openHeader(path: string, descriptor: number, rename?: Rename): SafetensorsFile {
  const size = fstatSync(descriptor).size
  if (size === 0) throw new EngineFailure('empty-file', `${path} is empty; copy it again from its source.`)
  if (size < prefixBytes) throw corrupt(path, 'the file is cut off within its first 8 bytes')
  const prefix = readExactly(path, descriptor, 0, prefixBytes)
  const declared = new DataView(prefix.buffer).getBigUint64(0, true)
  if (declared > BigInt(Math.min(headerLimit, size - prefixBytes))) {
    throw corrupt(path, `the header claims ${declared} bytes, and the file has ${size}`)
  }
  const length = Number(declared)
  const bytes = readExactly(path, descriptor, prefixBytes, length)
  const header = renamed(parseSafetensorsHeader(path, bytes, prefixBytes + length, size), rename)
  const entryOf = (name: string): TensorEntry => {
    const entry = header.entries.get(name)
    if (!entry) throw new EngineFailure('tensor-missing', `${path} has no tensor "${name}".`)
    return entry
  }
  const read = (name: string): HostTensor => {
    const entry = entryOf(name)
    const data = readExactly(path, descriptor, entry.begin, entry.end - entry.begin)
    return widened(asStored(path, entry, data))
  }
  const readEach: SafetensorsFile['readEach'] = (wanted, hash, use) => {
    hash?.update(prefix).update(bytes)
    for (const entry of inFileOrder(header)) {
      const { name, begin, end } = entry
      if (wanted(name)) {
        const data = readExactly(path, descriptor, begin, end - begin)
        hash?.update(data)
        use(name, asStored(path, entry, data))
      } else if (hash) {
        for (let at = begin; at < end; at += chunkBytes) {
          hash.update(readExactly(path, descriptor, at, Math.min(chunkBytes, end - at)))
        }
      }
    }
  }
  return {
    path,
    ...header,
    read,
    readPart(name, first, count) {
      const entry = entryOf(name)
      const { begin, end, shape } = entry
      const size = (end - begin) / elementCount(shape)
      if (first + count > elementCount(shape))
        throw new RangeError(`${name} has no ${count} elements from ${first} on.`)
      const part = readExactly(path, descriptor, begin + first * size, count * size)
      return floats(widened(asStored(path, { ...entry, shape: [count] }, part)))
    },
    readBytes: (begin, end) => readExactly(path, descriptor, begin, end - begin),
    readAll(wanted = () => true, hash) {
      const found = new Map<string, HostTensor>()
      readEach(wanted, hash, (name, tensor) => found.set(name, widened(tensor)))
      const inHeaderOrder = [...header.entries.keys()].filter((name) => found.has(name))
      return new Map(inHeaderOrder.map((name) => [name, found.get(name) as HostTensor]))
    },
    readEach,
    close: () => closeSync(descriptor)
  }
}

function renamed(
  { entries, metadata }: SafetensorsHeader,
  rename: Rename = (name) => name
): SafetensorsHeader {
  const has = (name: string): boolean => entries.has(name)
  const named = [...entries.values()].map((entry) => ({ ...entry, name: rename(entry.name, has) }))
  return { metadata, entries: new Map(named.map((entry) => [entry.name, entry])) }
}

const inFileOrder = ({ entries }: SafetensorsHeader) =>
  [...entries.values()].sort((a, b) => a.begin - b.begin)

function asStored(
  path: string,
  { name, dtype, shape }: TensorEntry,
  bytes: Uint8Array<ArrayBuffer>
): HostTensor {
  switch (dtype) {
    case 'F32':
      return float32(shape, new Float32Array(bytes.buffer))
    case 'F16':
      return { dtype: 'float16', shape, data: new Uint16Array(bytes.buffer) }
    case 'BF16':
      return { dtype: 'bfloat16', shape, data: new Uint16Array(bytes.buffer) }
    default:
      throw new EngineFailure(
        'architecture-unsupported',
        `${path}: tensor "${name}" holds ${dtype} values; the engine reads F32, F16 and BF16.`
      )
  }
}
