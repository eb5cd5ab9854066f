import { EngineFailure } from '../failure'

/**
 * A matrix in 4 bits: every row is cut into blocks of `block` weights, and a weight is (q - z) · s with q and z from 0
 * to 15 and one s and z a block. This is the layout of ONNX Runtime's MatMulNBits, and that of a uint4 tensor.
 */
export interface FourBitMatrix {
  readonly outputs: number
  /** A multiple of `block`. */
  readonly inputs: number
  readonly block: number
  /** [outputs, inputs / 2]: two weights a byte, the first in the low half. */
  readonly packed: Uint8Array
  /** [outputs, inputs / block] */
  readonly scales: Float32Array
  /** [outputs, inputs / block / 2, rounded up]: two a byte as above; null: all are 8. */
  readonly zeroPoints: Uint8Array | null
}

export interface FourBitOptions {
  /** Weights that share a scale: a power of two from 16 on. Smaller is nearer to the weights and takes more memory. */
  readonly block: number
  /** One scale a block, around 0; otherwise a zero point as well, which suits blocks that lean to one side. */
  readonly symmetric: boolean
}

/** 5.1 bits a weight. With blocks of 64 and symmetric it is 4.5, with an error that is a fifth larger. */
export const usualFourBit: FourBitOptions = { block: 32, symmetric: false }

/** The zero point of symmetric blocks. */
const middle = 8
const highest = 15

/** Whether the matrix can be cut into whole blocks. */
export const fitsFourBit = (inputs: number, { block }: FourBitOptions = usualFourBit): boolean =>
  inputs % block === 0

/**
 * Rounds a matrix [outputs, inputs] to 4 bits. `name` is for the failure.
 * @throws EngineFailure not-a-number, if it holds a NaN or an infinity
 */
export function quantise(
  name: string,
  weights: Float32Array,
  outputs: number,
  inputs: number,
  { block, symmetric }: FourBitOptions = usualFourBit
): FourBitMatrix {
  if (inputs % block !== 0) throw new RangeError(`Rows of ${inputs} are no blocks of ${block}.`)
  const blocksPerRow = inputs / block
  const packed = new Uint8Array(weights.length / 2)
  const scales = new Float32Array(weights.length / block)
  const zeroPoints = symmetric ? null : new Uint8Array(outputs * Math.ceil(blocksPerRow / 2))
  for (let index = 0; index < scales.length; index++) {
    const start = index * block
    const { scale, zero } = symmetric
      ? symmetricScale(weights, start, start + block)
      : fittedScale(weights, start, start + block)
    if (!Number.isFinite(scale)) throw notFinite(name)
    scales[index] = scale
    if (zeroPoints) {
      const column = index % blocksPerRow
      const at = Math.floor(index / blocksPerRow) * Math.ceil(blocksPerRow / 2) + (column >> 1)
      zeroPoints[at] |= zero << (4 * (column & 1))
    }
    // The scale as it is kept, so that weights are rounded for the numbers that will be used.
    const inverse = scales[index] === 0 ? 0 : 1 / scales[index]
    for (let i = start; i < start + block; i += 2)
      packed[i >> 1] = level(weights[i] * inverse + zero) | (level(weights[i + 1] * inverse + zero) << 4)
  }
  return { outputs, inputs, block, packed, scales, zeroPoints }
}

/** The weights that a matrix in 4 bits stands for, [outputs, inputs]. */
export function dequantise(matrix: FourBitMatrix): Float32Array {
  const { packed, scales, block, inputs } = matrix
  const zeros = zeroPointOf(matrix)
  const weights = new Float32Array(packed.length * 2)
  for (let i = 0; i < weights.length; i++) {
    const blockIndex = Math.floor(i / block)
    const q = (packed[i >> 1] >> (4 * (i & 1))) & highest
    weights[i] = (q - zeros(Math.floor(i / inputs), blockIndex % (inputs / block))) * scales[blockIndex]
  }
  return weights
}

/** The zero point of a row's block. */
export function zeroPointOf({
  zeroPoints,
  inputs,
  block
}: FourBitMatrix): (row: number, column: number) => number {
  const bytesPerRow = Math.ceil(inputs / block / 2)
  return (row, column) =>
    zeroPoints ? (zeroPoints[row * bytesPerRow + (column >> 1)] >> (4 * (column & 1))) & highest : middle
}

/** To the nearest of the 16 levels. */
const level = (position: number): number =>
  position <= 0 ? 0 : position >= highest ? highest : (position + 0.5) | 0

/** The weight farthest from 0 becomes level 0, so that all 16 levels are used: there is one more below 8 than above. */
function symmetricScale(weights: Float32Array, from: number, to: number): { scale: number; zero: number } {
  let farthest = 0
  for (let i = from; i < to; i++) {
    const weight = weights[i]
    if (Math.abs(weight) > Math.abs(farthest)) farthest = weight
    else if (weight !== weight) return { scale: NaN, zero: middle }
  }
  return { scale: -farthest / middle, zero: middle }
}

/** From the least to the greatest weight of the block, with 0 among the levels. */
function fittedScale(weights: Float32Array, from: number, to: number): { scale: number; zero: number } {
  let least = 0
  let greatest = 0
  for (let i = from; i < to; i++) {
    const weight = weights[i]
    if (weight < least) least = weight
    else if (weight > greatest) greatest = weight
    else if (weight !== weight) return { scale: NaN, zero: 0 }
  }
  const scale = (greatest - least) / highest
  return { scale, zero: scale === 0 ? middle : Math.round(-least / scale) }
}

const notFinite = (name: string): EngineFailure =>
  new EngineFailure(
    'not-a-number',
    `The tensor ${name} holds a NaN or an infinity, so it has no form in 4 bits; copy the model again from its source.`
  )
