import { widenToFloat32 } from '../half-precision'
import { isFiniteHalf, narrowFloat32 } from '../narrow'

/** How a tensor's elements are kept in a GGUF file; those that are written and read here. */
export type GgufTensorType = 'F32' | 'F16' | 'Q8_0'

interface TensorType {
  /** Its number in the file (`ggml_type`). */
  readonly code: number
  /** Elements that are kept together, and the bytes they take; rows are whole blocks. */
  readonly block: number
  readonly bytes: number
  /** Elements, whole blocks of them, to bytes, or null if one of them does not fit the type. */
  encode(values: Float32Array): Uint8Array | null
  decode(bytes: Uint8Array): Float32Array
}

/** Elements of a block of Q8_0 and its bytes: a scale in F16, then a signed byte for each element. */
const q8Elements = 32
const q8Bytes = 2 + q8Elements

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Uint16Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)

export const tensorTypes: Readonly<Record<GgufTensorType, TensorType>> = {
  F32: {
    code: 0,
    block: 1,
    bytes: 4,
    encode: bytesOf,
    decode: (bytes) => new Float32Array(bytes.slice().buffer)
  },
  F16: {
    code: 1,
    block: 1,
    bytes: 2,
    encode(values) {
      const halves = narrowFloat32('F16', values)
      return halves.every((half) => isFiniteHalf('F16', half)) ? bytesOf(halves) : null
    },
    decode: (bytes) => widenToFloat32('F16', new Uint16Array(bytes.slice().buffer))
  },
  Q8_0: { code: 8, block: q8Elements, bytes: q8Bytes, encode: encodeQ8, decode: decodeQ8 }
}

/** Bytes of this many elements. */
export const bytesOfElements = (type: GgufTensorType, count: number): number =>
  (count / tensorTypes[type].block) * tensorTypes[type].bytes

/**
 * Blocks of 32: scale = largest magnitude / 127, and each element divided by it, rounded, halves away from zero. As
 * ggml's reference does it, division is by the scale before it is rounded to F16.
 */
function encodeQ8(values: Float32Array): Uint8Array | null {
  const blocks = values.length / q8Elements
  const bytes = new Uint8Array(blocks * q8Bytes)
  const view = new DataView(bytes.buffer)
  const scales = new Float32Array(blocks)
  for (let block = 0; block < blocks; block++) {
    const elements = values.subarray(block * q8Elements, (block + 1) * q8Elements)
    let largest = 0
    for (const element of elements) largest = Math.max(largest, Math.abs(element))
    scales[block] = largest / 127
    const inverse = scales[block] === 0 ? 0 : Math.fround(1 / scales[block])
    for (let i = 0; i < q8Elements; i++) {
      const scaled = Math.fround(elements[i] * inverse)
      view.setInt8(block * q8Bytes + 2 + i, Math.sign(scaled) * Math.floor(Math.abs(scaled) + 0.5))
    }
  }
  const halves = narrowFloat32('F16', scales)
  for (let block = 0; block < blocks; block++) {
    if (!isFiniteHalf('F16', halves[block])) return null
    view.setUint16(block * q8Bytes, halves[block], true)
  }
  return bytes
}

function decodeQ8(bytes: Uint8Array): Float32Array {
  const blocks = bytes.length / q8Bytes
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const halves = Uint16Array.from({ length: blocks }, (_, block) => view.getUint16(block * q8Bytes, true))
  const scales = widenToFloat32('F16', halves)
  return Float32Array.from(
    { length: blocks * q8Elements },
    (_, i) => scales[Math.floor(i / q8Elements)] * view.getInt8(i + 2 * (Math.floor(i / q8Elements) + 1))
  )
}
