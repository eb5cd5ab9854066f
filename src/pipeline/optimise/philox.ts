/**
 * Philox 4×32-10: a counter-based generator (Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as
 * 1, 2, 3", SC 2011, section 3). It has no state: the same counter and key always give the same four words, so any
 * number of a run can be had again without drawing the ones before it.
 */

const multiplier0 = 0xd2511f53
const multiplier1 = 0xcd9e8d57
/** Added to the key between rounds: the golden ratio and √3 − 1, as 32-bit fractions. */
const weyl0 = 0x9e3779b9
const weyl1 = 0xbb67ae85
const rounds = 10

/** The upper 32 bits of the 64-bit product of two unsigned 32-bit words; `Math.imul` gives the lower ones. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff
  const aHigh = a >>> 16
  const bLow = b & 0xffff
  const bHigh = b >>> 16
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16)
  const carry = aLow * bHigh + (middle & 0xffff)
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) >>> 0
}

/**
 * One block: four words of 32 random bits, unsigned, written into `out`.
 * `c0`…`c3` are the counter's words and `k0`, `k1` the key's; only their low 32 bits count.
 */
export function philox4x32(
  out: Uint32Array,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number
): Uint32Array {
  for (let round = 0; round < rounds; round++) {
    const high0 = multiplyHigh(multiplier0, c0 >>> 0)
    const high1 = multiplyHigh(multiplier1, c2 >>> 0)
    const low0 = Math.imul(multiplier0, c0)
    const low1 = Math.imul(multiplier1, c2)
    c0 = high1 ^ c1 ^ k0
    c1 = low1
    c2 = high0 ^ c3 ^ k1
    c3 = low0
    k0 = (k0 + weyl0) | 0
    k1 = (k1 + weyl1) | 0
  }
  out[0] = c0
  out[1] = c1
  out[2] = c2
  out[3] = c3
  return out
}
