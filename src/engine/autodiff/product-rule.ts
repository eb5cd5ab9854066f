import { matmul, reshape, transpose, type GradientRule, type Value } from '../graph'
import { attributeOf } from './shape-rules'

/** MatMul, FusedMatMul and Gemm: y = scale · op(A)·op(B) (+ C), where op transposes or not. */
export const productRule: GradientRule = ({ inputs: [a, b], node }, d) => {
  const transposeA = attributeOf(node, 'transA') === 1
  const transposeB = attributeOf(node, 'transB') === 1
  const alpha = attributeOf(node, 'alpha')
  const scale = typeof alpha === 'number' ? alpha : 1
  return [
    () =>
      transposeA
        ? matmul(b, d, { transposeA: transposeB, transposeB: true, scale })
        : matmul(d, b, { transposeB: !transposeB, scale }),
    () => {
      if (!transposeA && scale === 1 && isWide(a) && isWide(d))
        return transposeB ? sumOverRows(d, a) : sumOverRows(a, d)
      return transposeB
        ? matmul(d, a, { transposeA: true, transposeB: transposeA, scale })
        : matmul(a, d, { transposeA: !transposeA, scale })
    },
    () => d
  ]
}

/** Of a matrix of many columns. The thin ones of an adapter gain nothing from being transposed first. */
const isWide = ({ shape }: Value): boolean => shape.length === 2 && shape[1] >= 64

/**
 * aᵀ·b of matrices of many rows: a [N, p], b [N, q] -> [p, q]. ONNX Runtime's product transposes its first operand anew
 * for every 128 columns of the second. So the narrower of the two comes first, and is transposed once, before.
 */
const sumOverRows = (a: Value, b: Value): Value =>
  a.shape[1] < b.shape[1] ? matmul(columns(a), b) : transpose(matmul(columns(b), a), [1, 0])

/** x [N, width] -> [width, N]; as three axes, because the optimiser puts a plain Transpose back into the product. */
function columns(x: Value): Value {
  const [rows, width] = x.shape
  return reshape(transpose(reshape(x, [rows, width, 1]), [1, 2, 0]), [width, rows])
}
