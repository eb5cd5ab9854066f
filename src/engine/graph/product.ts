import { float, innermost, int, microsoft, type Value } from './graph'
import { multiply } from './elementwise'
import { transposeLast } from './shape'
import { broadcastShape } from './tensor'

export interface ProductOptions {
  /** Use the transpose of the last two axes of an operand. */
  readonly transposeA?: boolean
  readonly transposeB?: boolean
  /** A factor for the whole product. */
  readonly scale?: number
}

/**
 * scale · A·B over the last two axes; the axes before them broadcast.
 * Matrices use Gemm (standard, and it transposes for free); stacks of matrices use ONNX Runtime's FusedMatMul, or
 * standard operators where the graph may not use that.
 */
export function matmul(a: Value, b: Value, options: ProductOptions = {}): Value {
  const { transposeA = false, transposeB = false, scale = 1 } = options
  const [rows, inner] = lastTwo(a, transposeA)
  const [innerB, columns] = lastTwo(b, transposeB)
  if (inner !== innerB)
    throw new RangeError(
      `[${a.shape.join()}] and [${b.shape.join()}] do not multiply (${transposeA}, ${transposeB}).`
    )
  const graph = innermost([a, b])
  const shape = [...broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2)), rows, columns]
  const output = [[a.dtype, shape]] as const

  if (!transposeA && !transposeB && scale === 1) return graph.node('MatMul', [a, b], {}, output)[0]
  const flags = { transA: int(Number(transposeA)), transB: int(Number(transposeB)), alpha: float(scale) }
  if (shape.length === 2) return graph.node('Gemm', [a, b], flags, output)[0]
  if (graph.fused) return graph.node('FusedMatMul', [a, b], flags, output, microsoft)[0]
  const plain = [transposeA ? transposeLast(a) : a, transposeB ? transposeLast(b) : b]
  const product = graph.node('MatMul', plain, {}, output)[0]
  return scale === 1 ? product : multiply(product, scale)
}

/** scale · A·B + C for matrices, in one node. C has the shape of the product. */
export function matmulAdd(a: Value, b: Value, c: Value, options: ProductOptions = {}): Value {
  const { transposeA = false, transposeB = false, scale = 1 } = options
  const flags = { transA: int(Number(transposeA)), transB: int(Number(transposeB)), alpha: float(scale) }
  const rows = lastTwo(a, transposeA)[0]
  const columns = lastTwo(b, transposeB)[1]
  return innermost([a, b, c]).node('Gemm', [a, b, c], flags, [[a.dtype, [rows, columns]]])[0]
}

function lastTwo({ shape }: Value, transposed: boolean): readonly [number, number] {
  const [rows, columns] = shape.slice(-2)
  return transposed ? [columns, rows] : [rows, columns]
}
