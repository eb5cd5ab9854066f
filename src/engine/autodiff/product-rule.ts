import { matmul, type GradientRule } from '../graph'
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
    () =>
      transposeB
        ? matmul(d, a, { transposeA: true, transposeB: transposeA, scale })
        : matmul(a, d, { transposeA: !transposeA, scale }),
    () => d
  ]
}
