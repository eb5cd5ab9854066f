/** The two ways to keep a float in 16 bits. */
export type HalfType = 'F16' | 'BF16'

/**
 * Rounds float32 to 16-bit floats, given as their bits: to the nearest, ties to even (IEEE 754, section 4.3.1), NaN to
 * NaN. What is too large for F16 becomes infinite, as the standard has it; `isFiniteHalf` tells.
 */
export function narrowFloat32(dtype: HalfType, values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const halves = new Uint16Array(values.length)
  const narrow = dtype === 'BF16' ? toBfloat16 : toHalf
  for (let i = 0; i < halves.length; i++) halves[i] = narrow(bits[i])
  return halves
}

/** Whether the bits are a number, not an infinity or NaN. */
export const isFiniteHalf = (dtype: HalfType, half: number): boolean => {
  const exponent = dtype === 'BF16' ? 0x7f80 : 0x7c00
  return (half & exponent) !== exponent
}

/** The upper half of a binary32, rounded. */
function toBfloat16(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40 // quiet, so that no NaN becomes an infinity
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16
}

/** Bits of a binary32 (1 sign, 8 exponent, 23 fraction) to those of a binary16 (1, 5, 10). */
function toHalf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000
  const size = bits & 0x7fffffff
  if (size > 0x7f800000) return sign | 0x7e00
  if (size >= 0x477ff000) return sign | 0x7c00 // 65,520 and more round to infinity
  if (size >= 0x38800000) return sign | (roundedShift(size, 13) - (112 << 10)) // a carry moves the exponent up
  // Below 2^-14 halves are whole multiples of 2^-24; below 2^-25 there is none but 0.
  if (size < 0x33000000) return sign
  return sign | roundedShift((size & 0x7fffff) | 0x800000, 126 - (size >>> 23))
}

/** value / 2^places, to the nearest whole number, ties to even. */
function roundedShift(value: number, places: number): number {
  const whole = value >>> places
  const rest = value & ((1 << places) - 1)
  const half = 1 << (places - 1)
  return rest > half || (rest === half && (whole & 1) === 1) ? whole + 1 : whole
}
