import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { EngineFailure } from '../../failure'
import { writeFileAtomically } from '../atomic-write'
import { mergedTensors, rowRanges, rowsOf, type MergedTensors } from '../merged-tensors'
import { withModelFiles } from '../model-folder'
import type { Adapter } from '../peft'
import { aligned, encodeGgufHeader, tensorBytes, type GgufTensor } from './header'
import { ggufLayout, sourceRow, type PlacedTensor } from './layout'
import { ggufSettings, ropeFactors } from './settings'
import { tensorTypes, type GgufTensorType } from './tensor-types'
import type { GgufMetadata } from './values'

export interface GgufOptions {
  readonly model: string
  /** Added to the matrices on the way; null for none. */
  readonly adapter: Adapter | null
  /** A new file. */
  readonly out: string
  /** Of the matrices; vectors stay in F32, and matrices whose rows are no whole blocks of 32 in F16. */
  readonly type: 'F16' | 'Q8_0'
  /** What the file says that it is. */
  readonly name: string
  /** The tokenizer's keys and values. */
  readonly tokenizer: GgufMetadata
  readonly onPiece?: (doneBytes: number, totalBytes: number) => void
}

export const ropeFactorsName = 'rope_freqs.weight'

/**
 * Writes a model, with or without an adapter, as one GGUF file that llama.cpp loads. Tensors are read, added and
 * rounded a few rows at a time. All or nothing; see `writeFileAtomically`.
 * Throws `bad-input` if the file exists or a weight does not fit F16, `architecture-unsupported` for a model that
 * llama.cpp would compute otherwise, and what opening the model throws.
 */
export function writeGguf(options: GgufOptions): { readonly bytes: number } {
  const { model, adapter, out, type, name, tokenizer, onPiece } = options
  if (existsSync(out))
    throw new EngineFailure('bad-input', `${resolve(out)} exists already; choose a new file.`)
  return withModelFiles(model, (opened) => {
    const { config } = opened
    const layout = ggufLayout(config)
    const metadata = new Map([...ggufSettings(config, name, type), ...tokenizer])
    const factors = ropeFactors(config)
    const planned = layout.map(({ name, shape }) => ({ name, shape, type: typeOf(shape, type) }))
    const extra: GgufTensor[] = factors
      ? [{ name: ropeFactorsName, shape: [factors.length], type: 'F32' }]
      : []
    const header = encodeGgufHeader(metadata, [...planned, ...extra])
    const sizes = [...planned, ...extra].map((tensor) => aligned(tensorBytes(tensor)))
    const bytes = sizes.reduce((sum, size) => sum + size, header.length)

    const tensors = mergedTensors(opened, adapter)
    const pieces = function* (): Generator<Uint8Array> {
      yield header
      for (const [index, placed] of layout.entries()) yield* tensorPieces(tensors, placed, planned[index])
      if (factors) yield* padded([tensorTypes.F32.encode(factors) as Uint8Array])
    }
    let done = 0
    const counted = function* (): Generator<Uint8Array> {
      for (const piece of pieces()) {
        yield piece
        onPiece?.((done += piece.length), bytes)
      }
    }
    writeFileAtomically(out, counted())
    return { bytes }
  })
}

/** Vectors stay whole, as llama.cpp wants them; a matrix that cannot be cut into blocks is kept in F16. */
function typeOf(shape: readonly number[], wanted: 'F16' | 'Q8_0'): GgufTensorType {
  if (shape.length === 1) return 'F32'
  return rowsOf(shape).columns % tensorTypes[wanted].block === 0 ? wanted : 'F16'
}

function* tensorPieces(
  tensors: MergedTensors,
  { source, shape, heads }: PlacedTensor,
  { type }: GgufTensor
): Generator<Uint8Array> {
  const { rows, columns } = rowsOf(shape)
  const encode = (values: Float32Array): Uint8Array => {
    const bytes = tensorTypes[type].encode(values)
    if (bytes) return bytes
    throw new EngineFailure('bad-input', `The tensor "${source}" holds a weight that does not fit ${type}.`)
  }
  yield* padded(
    (function* () {
      // A bias of heads is one row: its elements change places, not rows.
      if (heads > 0 && shape.length === 1)
        yield encode(reorder(tensors.rows(source, 0, 1), columns, 1, heads))
      else if (heads > 0)
        for (let head = 0; head < heads; head++) {
          const size = rows / heads
          yield encode(reorder(tensors.rows(source, head * size, size), size, columns, 1))
        }
      else for (const [first, count] of rowRanges(shape)) yield encode(tensors.rows(source, first, count))
    })()
  )
}

/** Puts `count` rows of `width` elements, of `heads` whole heads, into GGUF's order. */
function reorder(values: Float32Array, count: number, width: number, heads: number): Float32Array {
  const ordered = new Float32Array(values.length)
  for (let row = 0; row < count; row++) {
    const from = sourceRow(row, count, heads) * width
    ordered.set(values.subarray(from, from + width), row * width)
  }
  return ordered
}

/** Pieces of one tensor, and zeros up to where the next begins. */
function* padded(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
  let length = 0
  for (const piece of pieces) {
    length += piece.length
    yield piece
  }
  if (aligned(length) > length) yield new Uint8Array(aligned(length) - length)
}
