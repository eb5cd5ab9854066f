import {
  divide,
  exponential,
  multiply,
  negate,
  reshape,
  square,
  subtract,
  sum,
  transpose,
  type GradientRule
} from '../graph'
import { concatRule, sliceRule, splitRule, expandToInput, inverseOrder, reducedCount } from './shape-rules'
import { clipRule, maximumRule, minimumRule, whereRule } from './choice-rules'
import { productRule } from './product-rule'
import { gatherElementsRule, gatherRule, rotaryRule } from './neural-rules'
import { layerNormRule, rmsNormRule } from './norm-rules'

const half = 0.5

/**
 * Vector-Jacobian products, one operator a line: from the gradient `d` of the output y to those of the inputs.
 * An operator that is not here cannot be differentiated, and saying so is an error.
 */
export const rules: Readonly<Record<string, GradientRule>> = {
  Identity: (_, d) => [() => d],
  Add: (_, d) => [() => d, () => d],
  Sub: (_, d) => [() => d, () => negate(d)],
  Mul: ({ inputs: [a, b] }, d) => [() => multiply(d, b), () => multiply(d, a)],
  Div: ({ inputs: [, b], outputs: [y] }, d) => [() => divide(d, b), () => negate(divide(multiply(d, y), b))],
  Sum: ({ inputs }, d) => inputs.map(() => () => d),
  Neg: (_, d) => [() => negate(d)],
  Exp: ({ outputs: [y] }, d) => [() => multiply(d, y)],
  Log: ({ inputs: [a] }, d) => [() => divide(d, a)],
  Sqrt: ({ outputs: [y] }, d) => [() => divide(multiply(d, half), y)],
  Reciprocal: ({ outputs: [y] }, d) => [() => negate(multiply(d, square(y)))],
  Sigmoid: ({ outputs: [y] }, d) => [() => multiply(d, multiply(y, subtract(1, y)))],
  Tanh: ({ outputs: [y] }, d) => [() => multiply(d, subtract(1, square(y)))],
  Min: minimumRule,
  Max: maximumRule,
  Clip: clipRule,
  Where: whereRule,

  Reshape: ({ inputs: [a] }, d) => [() => reshape(d, a.shape), null],
  Transpose: ({ node }, d) => [() => transpose(d, inverseOrder(node))],
  Expand: (_, d) => [() => d, null],
  Concat: concatRule,
  Split: splitRule,
  Slice: sliceRule,
  ReduceSum: (context, d) => [() => expandToInput(context, d), null],
  ReduceMean: (context, d) => [() => expandToInput(context, divide(d, reducedCount(context))), null],

  MatMul: productRule,
  Gemm: productRule,
  FusedMatMul: productRule,

  Softmax: ({ outputs: [y] }, d) => [
    () => multiply(y, subtract(d, sum(multiply(d, y), [y.shape.length - 1], { keep: true })))
  ],
  LogSoftmax: ({ outputs: [y] }, d) => [
    () => subtract(d, multiply(exponential(y), sum(d, [y.shape.length - 1], { keep: true })))
  ],
  Gather: gatherRule,
  GatherElements: gatherElementsRule,
  SimplifiedLayerNormalization: rmsNormRule,
  LayerNormalization: layerNormRule,
  RotaryEmbedding: rotaryRule
}
