import {
  absolute,
  add,
  after,
  cast,
  divide,
  gather,
  int,
  largest,
  matmul,
  matmulAdd,
  maximum,
  multiply,
  typeCode,
  type GradientRule,
  type Graph,
  type HostTensor,
  type Value
} from '../graph'

/** A matrix of the model's own inside a graph, in whatever form it is held. Results are float32. */
export interface HeldMatrix {
  /** x [N, inputs] -> x·Wᵀ + bias [N, outputs]; x·W if the checkpoint holds W as [inputs, outputs]. */
  multiply(x: Value, transposed: boolean, bias: Value | null): Value
  /** Rows at `indices`, as `gather` gives them. */
  rows(indices: Value): Value
  /** All of it. */
  whole(): Value
}

/** A matrix that is computed with as it is. */
export const plainMatrix = (weight: Value): HeldMatrix => ({
  multiply: (x, transposed, bias) =>
    bias
      ? matmulAdd(x, weight, bias, { transposeB: !transposed })
      : matmul(x, weight, { transposeB: !transposed }),
  rows: (indices) => gather(weight, indices),
  whole: () => weight
})

/**
 * How products with a matrix in 16 bits are computed. The processor has no kernels for float16: ONNX Runtime widens there
 * and multiplies in float32, which is no faster, and as exact as the rounded weights allow.
 */
export type ProductPrecision = 'float32' | 'float16'

/**
 * A matrix in float16 or bfloat16. It takes 2 bytes a weight for as long as the session lives, and is widened whenever
 * it is used, for that use only: forward, and again backward. Only float16 can be multiplied without widening.
 */
export function halfMatrix(
  graph: Graph,
  name: string,
  { dtype, shape, data }: HostTensor,
  precision: ProductPrecision
): HeldMatrix {
  // bfloat16 does not cross the binding; its bits do.
  const crossing = dtype === 'bfloat16' ? 'uint16' : 'float16'
  const bits = graph.initialiser(name, { dtype: crossing, shape, data }, { shared: true })
  const widened = (held: Value): Value => cast(dtype === 'bfloat16' ? asBfloat16(held) : held, 'float32')
  const narrow = precision === 'float16' && dtype === 'float16'
  return {
    multiply: (x, transposed, bias) => {
      const rule: GradientRule = (_, d) => [
        () =>
          narrow
            ? narrowProduct(d, bits, transposed, true)
            : matmul(d, widened(after(bits, d)), { transposeB: transposed })
      ]
      const product = x.graph.asGroup('16-bit product', [x], rule, () => [
        narrow
          ? narrowProduct(x, bits, !transposed, false)
          : matmul(x, widened(after(bits, x)), { transposeB: !transposed })
      ])[0]
      return bias ? add(product, bias) : product
    },
    rows: (indices) => widened(gather(bits, indices)),
    whole: () => widened(bits)
  }
}

/** Two bytes read as the number that they are. */
const asBfloat16 = (bits: Value): Value =>
  bits.graph.node('BitCast', [bits], { to: int(typeCode('bfloat16')) }, [['bfloat16', bits.shape]])[0]

/** The least that a gradient is divided by. */
const leastScale = 1e-30

/**
 * a·W or a·Wᵀ in float16, from and to float32. What is too large for float16 becomes infinite, and ends the step with
 * `not-a-number`. Gradients are small, where float16 has few numbers left or none: `scaled` divides `a` by its largest
 * element before and multiplies the product after, so that no loss scale has to be chosen and adjusted.
 */
function narrowProduct(a: Value, weight: Value, transposeB: boolean, scaled: boolean): Value {
  const product = (value: Value): Value =>
    cast(matmul(cast(value, 'float16'), weight, { transposeB }), 'float32')
  if (!scaled) return product(a)
  const scale = maximum(largest(absolute(a)), leastScale)
  return multiply(product(divide(a, scale)), scale)
}
