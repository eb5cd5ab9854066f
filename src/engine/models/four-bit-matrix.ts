import {
  add,
  after,
  float32,
  int,
  matmul,
  microsoft,
  type GradientRule,
  type Graph,
  type HostTensor,
  type Value
} from '../graph'
import { zeroPointOf, type FourBitMatrix } from '../quantise/four-bit'
import type { HeldMatrix } from './held-matrix'

/**
 * A matrix in 4 bits inside a graph. Products read the packed weights (MatMulNBits, in float32). The gradient widens
 * them for a moment (DequantizeLinear) and multiplies; both read the same bytes, so it is the gradient of just that
 * product. Source: Dettmers et al., QLoRA, equation 5, with uniform levels in place of NF4.
 */
export function fourBitMatrix(graph: Graph, name: string, matrix: FourBitMatrix): HeldMatrix {
  const { outputs, inputs, block } = matrix
  const blocks = inputs / block
  const constant = once((part: Part) => graph.initialiser(`${name}.${part}`, tensorOf(matrix, part)))

  const whole = (scales: Value): Value =>
    scales.graph.node(
      'DequantizeLinear',
      [constant('levels'), scales, constant('zero_levels')],
      { axis: int(1), block_size: int(block) },
      [['float32', [outputs, inputs]]]
    )[0]
  const product = (x: Value): Value => {
    const operands = [x, constant('packed'), constant('packed_scales')]
    if (matrix.zeroPoints) operands.push(constant('zero_points'))
    const sizes = { K: int(inputs), N: int(outputs), bits: int(4), block_size: int(block) }
    const output = [['float32', [x.shape[0], outputs]]] as const
    return x.graph.node('MatMulNBits', operands, sizes, output, microsoft)[0]
  }
  // Made after the gradient arrives: all matrices widened at once would take eight times the room.
  const rule: GradientRule = (_, d) => [() => matmul(d, whole(after(constant('scales'), d)))]
  return {
    multiply: (x, _transposed, bias) => {
      const made = x.graph.asGroup('4-bit product', [x], rule, () => [product(x)])[0]
      return bias ? add(made, bias) : made
    },
    rows: () => {
      throw new Error(`${name} is held in 4 bits, of which no rows are read.`)
    },
    whole: () => whole(constant('scales'))
  }

  function tensorOf({ packed, scales, zeroPoints }: FourBitMatrix, part: Part): HostTensor {
    const bytes = (shape: readonly number[], data: Uint8Array): HostTensor => ({
      dtype: 'uint8',
      shape,
      data
    })
    switch (part) {
      case 'packed':
        return bytes([outputs, blocks, block / 2], packed)
      case 'packed_scales':
        return float32([outputs * blocks], scales)
      case 'zero_points':
        return bytes([outputs, Math.ceil(blocks / 2)], zeroPoints ?? new Uint8Array())
      case 'levels':
        return { dtype: 'uint4', shape: [outputs, inputs], data: packed }
      case 'scales':
        return float32([outputs, blocks], scales)
      case 'zero_levels':
        return { dtype: 'uint4', shape: [outputs, blocks], data: zeroLevels(matrix) }
    }
  }
}

/** What MatMulNBits reads, and the same again in the types and shapes that DequantizeLinear wants. */
type Part = 'packed' | 'packed_scales' | 'zero_points' | 'levels' | 'scales' | 'zero_levels'

/** Zero points as a uint4 tensor [outputs, blocks] packs them: without a gap at the end of a row. */
function zeroLevels(matrix: FourBitMatrix): Uint8Array {
  const blocks = matrix.inputs / matrix.block
  if (matrix.zeroPoints && blocks % 2 === 0) return matrix.zeroPoints
  const zeroAt = zeroPointOf(matrix)
  const levels = new Uint8Array(Math.ceil((matrix.outputs * blocks) / 2))
  for (let i = 0; i < matrix.outputs * blocks; i++)
    levels[i >> 1] |= zeroAt(Math.floor(i / blocks), i % blocks) << (4 * (i & 1))
  return levels
}

function once<K, V>(make: (key: K) => V): (key: K) => V {
  const made = new Map<K, V>()
  return (key) => {
    const value = made.get(key) ?? make(key)
    made.set(key, value)
    return value
  }
}
