import { float32, type HostTensor } from '../graph/tensor'

/** A float32, float16 or bfloat16 tensor as float32; every value is kept exactly. */
export function widened(tensor: HostTensor): HostTensor {
  const { dtype, data, shape } = tensor
  if (dtype !== 'float16' && dtype !== 'bfloat16') return tensor
  return float32(shape, widenToFloat32(dtype === 'float16' ? 'F16' : 'BF16', data as Uint16Array))
}

/** Widens 16-bit floats, given as their bits, to float32; every value is kept exactly. */
export function widenToFloat32(dtype: 'F16' | 'BF16', halves: Uint16Array): Float32Array {
  const bits = new Uint32Array(halves.length)
  // A bfloat16 is the upper half of a float32.
  if (dtype === 'BF16') for (let i = 0; i < halves.length; i++) bits[i] = halves[i] << 16
  else for (let i = 0; i < halves.length; i++) bits[i] = widenHalf(halves[i])
  return new Float32Array(bits.buffer)
}

/** IEEE 754 binary16 (1 sign, 5 exponent, 10 fraction bits) to the bits of a binary32 (1, 8, 23). */
function widenHalf(half: number): number {
  const sign = (half & 0x8000) << 16
  const exponent = (half >> 10) & 0x1f
  const fraction = half & 0x3ff
  if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13)
  if (exponent > 0) return sign | ((exponent + 112) << 23) | (fraction << 13)
  if (fraction === 0) return sign
  // A subnormal half is a normal float32: shift its leading bit to the implicit place.
  const shift = Math.clz32(fraction) - 21
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13)
}
