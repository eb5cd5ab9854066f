import { EngineFailure } from '../failure'
import type { Shape } from '../graph/tensor'

/** Where one tensor lies in its file. */
export interface TensorEntry {
  readonly name: string
  /** As the file spells it: F32, F16, BF16, I64 … */
  readonly dtype: string
  readonly shape: Shape
  /** Byte range in the file, half-open. */
  readonly begin: number
  readonly end: number
}

export interface SafetensorsHeader {
  /** In the order of the header. */
  readonly entries: ReadonlyMap<string, TensorEntry>
  readonly metadata: Readonly<Record<string, string>>
}

/** Bytes: the reference implementation refuses longer headers too. */
export const headerLimit = 100_000_000

const bytesPerElement: Readonly<Record<string, number>> = {
  ...{ BOOL: 1, U8: 1, I8: 1, F8_E5M2: 1, F8_E4M3: 1 },
  ...{ I16: 2, U16: 2, F16: 2, BF16: 2 },
  ...{ I32: 4, U32: 4, F32: 4 },
  ...{ F64: 8, I64: 8, U64: 8 }
}

export const corrupt = (file: string, what: string): EngineFailure =>
  new EngineFailure('checkpoint-corrupt', `${file}: ${what}; copy the file again from its source.`)

export const wrongShape = (file: string, name: string, found: Shape, wanted: Shape): EngineFailure =>
  corrupt(file, `tensor "${name}" has the shape [${found.join(', ')}] where [${wanted.join(', ')}] is needed`)

/**
 * Parses and checks the JSON header of a safetensors file (https://huggingface.co/docs/safetensors). Everything in it
 * is held to the size of the file, so that no later read can leave it: each tensor's range agrees with its type and
 * shape, and together the ranges cover the data without a gap or an overlap.
 *
 * `dataStart` is where the data begins and `fileSize` where it must end, in bytes. Throws `checkpoint-corrupt`.
 */
export function parseSafetensorsHeader(
  file: string,
  bytes: Uint8Array,
  dataStart: number,
  fileSize: number
): SafetensorsHeader {
  const text = decodeHeader(file, bytes)
  const json = parseObject(file, text)
  const metadata = readMetadata(file, json)
  const entries = new Map<string, TensorEntry>()
  for (const [name, value] of Object.entries(json)) {
    if (name !== '__metadata__') entries.set(name, readEntry(file, name, value, dataStart, fileSize))
  }
  // JSON.parse keeps only the last of two equal keys. The scan comes after the checks above: nesting is shallow by now.
  const twice = duplicateKey(text)
  if (twice !== null) throw corrupt(file, `the header names "${twice}" twice`)
  checkCoverage(file, entries, dataStart, fileSize)
  return { entries, metadata }
}

function decodeHeader(file: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw corrupt(file, 'the header is not valid UTF-8')
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function parseObject(file: string, text: string): Record<string, unknown> {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw corrupt(file, 'the header is not valid JSON')
  }
  if (!text.startsWith('{') || !isRecord(json)) throw corrupt(file, 'the header is not a JSON object')
  return json
}

function readMetadata(file: string, json: Record<string, unknown>): Record<string, string> {
  const metadata = Object.hasOwn(json, '__metadata__') ? json.__metadata__ : {}
  if (!isRecord(metadata) || Object.values(metadata).some((value) => typeof value !== 'string')) {
    throw corrupt(file, 'the metadata in the header is not a table of texts')
  }
  return metadata as Record<string, string>
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

function readEntry(
  file: string,
  name: string,
  value: unknown,
  dataStart: number,
  fileSize: number
): TensorEntry {
  const wrong = (what: string) => corrupt(file, `tensor "${name}" ${what}`)
  if (!isRecord(value)) throw wrong('is not described by a JSON object')
  const { dtype, shape, data_offsets: range, ...unknown } = value
  if (Object.keys(unknown).length > 0) throw wrong(`has an unknown field "${Object.keys(unknown)[0]}"`)
  const size = typeof dtype === 'string' && Object.hasOwn(bytesPerElement, dtype) ? bytesPerElement[dtype] : 0
  if (typeof dtype !== 'string' || size === 0) throw wrong('has no known data type')
  if (!Array.isArray(shape) || !shape.every(isCount)) throw wrong('has no valid shape')
  if (!Array.isArray(range) || range.length !== 2 || !range.every(isCount)) {
    throw wrong('has no valid data offsets')
  }
  const [begin, end] = range as [number, number]
  if (begin > end || dataStart + end > fileSize) {
    throw wrong(`reaches outside the file (bytes ${begin} to ${end} of ${fileSize - dataStart})`)
  }
  // A product past 2^53 is inexact but still far from any length that a file can have.
  const bytes = (shape as number[]).reduce((product, extent) => product * extent, size)
  if (bytes !== end - begin) {
    throw wrong(`takes ${end - begin} bytes where its shape [${shape.join(', ')}] asks for ${bytes}`)
  }
  return { name, dtype, shape: shape as number[], begin: dataStart + begin, end: dataStart + end }
}

function checkCoverage(
  file: string,
  entries: ReadonlyMap<string, TensorEntry>,
  dataStart: number,
  fileSize: number
): void {
  const inOrder = [...entries.values()].sort((a, b) => a.begin - b.begin || a.end - b.end)
  let reached = dataStart
  for (const { name, begin, end } of inOrder) {
    if (begin < reached) throw corrupt(file, `tensor "${name}" overlaps another`)
    if (begin > reached) throw corrupt(file, `there is a gap before tensor "${name}"`)
    reached = end
  }
  if (reached !== fileSize) throw corrupt(file, `${fileSize - reached} bytes at its end belong to no tensor`)
}

/** The first key that one object of a valid JSON text holds twice, or null. */
function duplicateKey(text: string): string | null {
  const open: Set<string>[] = []
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '{') open.push(new Set())
    else if (text[at] === '}') open.pop()
    else if (text[at] === '"') {
      const start = at
      for (at++; text[at] !== '"'; at++) if (text[at] === '\\') at++
      if (!/^\s*:/.test(text.slice(at + 1, at + 9))) continue
      const key = JSON.parse(text.slice(start, at + 1)) as string
      const keys = open.at(-1)
      if (keys?.has(key)) return key
      keys?.add(key)
    }
  }
  return null
}
