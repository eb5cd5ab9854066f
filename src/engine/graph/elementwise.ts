import { int, innermost, type Value } from './graph'
import { broadcastShape, sameShape, type DataType } from './tensor'

/** A value, or a number that becomes a float scalar beside the other operand. */
export type Operand = Value | number

const valuesOf = (operands: readonly Operand[]): Value[] => operands.filter((one) => typeof one !== 'number')

function asValues(operands: readonly Operand[]): Value[] {
  const graph = innermost(valuesOf(operands))
  return operands.map((one) => (typeof one === 'number' ? graph.scalar(one) : one))
}

function elementwise(operator: string, operands: readonly Operand[], dtype?: DataType): Value {
  const values = asValues(operands)
  const shape = values.map((value) => value.shape).reduce(broadcastShape)
  return innermost(values).node(operator, values, {}, [[dtype ?? values[values.length - 1].dtype, shape]])[0]
}

export const add = (a: Operand, b: Operand): Value => elementwise('Add', [a, b])
export const subtract = (a: Operand, b: Operand): Value => elementwise('Sub', [a, b])
export const multiply = (a: Operand, b: Operand): Value => elementwise('Mul', [a, b])
export const divide = (a: Operand, b: Operand): Value => elementwise('Div', [a, b])
export const minimum = (a: Operand, b: Operand): Value => elementwise('Min', [a, b])
export const maximum = (a: Operand, b: Operand): Value => elementwise('Max', [a, b])
export const negate = (a: Value): Value => elementwise('Neg', [a])
export const exponential = (a: Value): Value => elementwise('Exp', [a])
export const logarithm = (a: Value): Value => elementwise('Log', [a])
export const squareRoot = (a: Value): Value => elementwise('Sqrt', [a])
export const reciprocal = (a: Value): Value => elementwise('Reciprocal', [a])
export const sigmoid = (a: Value): Value => elementwise('Sigmoid', [a])
export const tanh = (a: Value): Value => elementwise('Tanh', [a])
export const absolute = (a: Value): Value => elementwise('Abs', [a])
export const identity = (a: Value): Value => elementwise('Identity', [a])
export const square = (a: Value): Value => multiply(a, a)

export const greater = (a: Operand, b: Operand): Value => elementwise('Greater', [a, b], 'bool')
export const greaterOrEqual = (a: Operand, b: Operand): Value => elementwise('GreaterOrEqual', [a, b], 'bool')
export const lessOrEqual = (a: Operand, b: Operand): Value => elementwise('LessOrEqual', [a, b], 'bool')
export const less = (a: Operand, b: Operand): Value => elementwise('Less', [a, b], 'bool')
export const equal = (a: Operand, b: Operand): Value => elementwise('Equal', [a, b], 'bool')
export const and = (a: Value, b: Value): Value => elementwise('And', [a, b], 'bool')
export const or = (a: Value, b: Value): Value => elementwise('Or', [a, b], 'bool')
export const not = (a: Value): Value => elementwise('Not', [a], 'bool')

/** `then` where the condition holds, `otherwise` elsewhere. */
export const where = (condition: Value, then: Operand, otherwise: Operand): Value =>
  elementwise('Where', [condition, then, otherwise])

/** Values limited to [low, high]; the limits are scalars. */
export function clip(a: Value, low: Operand, high: Operand): Value {
  const values = asValues([a, low, high])
  return innermost(values).node('Clip', values, {}, [[a.dtype, a.shape]])[0]
}

/** The sum of any number of values of one shape, in one node. */
export function sumOf(values: readonly Value[]): Value {
  if (values.length === 1) return values[0]
  if (values.length === 2 && sameShape(values[0].shape, values[1].shape)) return add(values[0], values[1])
  return elementwise('Sum', values)
}

const onnxType: Readonly<Record<DataType, number>> = {
  float32: 1,
  uint8: 2,
  uint16: 4,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
  uint4: 21
}

/** ONNX's number for an element type. */
export const typeCode = (dtype: DataType): number => onnxType[dtype]

export const cast = (a: Value, dtype: DataType): Value =>
  innermost([a]).node('Cast', [a], { to: int(typeCode(dtype)) }, [[dtype, a.shape]])[0]
