import type { DecoderConfig } from '../../src/engine/models/decoder-config'

/** Of the biases; a head looks where it should some twenty times as much as beside it. */
const strength = 2.5
/** Slower rotations, in radians a token, hardly tell neighbours apart. */
const slowest = 0.1

/**
 * The heads of the first layer begin by looking one, two, three … tokens back, all but the last head, by their biases
 * alone: a query's bias, rotated, meets a key's that is the same but for as many tokens. All bring what they have seen
 * to the same place, so that `River` one token back is like `River` two tokens back.
 */
export function lookBack(of: DecoderConfig, dataOf: (name: string) => Float32Array): void {
  const { headSize, heads, hiddenSize, rope } = of
  const [query, key] = [dataOf('q_proj.bias'), dataOf('k_proj.bias')]
  const [value, output] = [dataOf('v_proj.weight'), dataOf('o_proj.weight')]
  const half = headSize / 2
  for (let head = 0; head < heads - 1; head++) {
    const from = head * headSize
    for (let pair = 0; pair < half; pair++) {
      const frequency = (rope?.theta ?? 1) ** (-pair / half)
      const size = frequency > slowest ? strength : 0
      query[from + pair] = size
      key[from + pair] = size * Math.cos(frequency * (head + 1))
      key[from + pair + half] = size * Math.sin(frequency * (head + 1))
    }
    for (let row = 0; row < headSize; row++)
      for (let column = 0; column < hiddenSize; column++) {
        value[(from + row) * hiddenSize + column] = value[row * hiddenSize + column]
        output[column * hiddenSize + from + row] = output[column * hiddenSize + row]
      }
  }
}
