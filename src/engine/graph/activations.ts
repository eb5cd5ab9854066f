import { add, clip, divide, exponential, multiply, sigmoid, square, subtract } from './elementwise'
import { innermost, text, type GradientRule, type Value } from './graph'

/** x · sigmoid(x). Its gradient uses its result again, which saves a third of the passes over x. */
export const silu = (x: Value): Value =>
  x.graph.asGroup('silu', [x], siluRule, () => [multiply(x, sigmoid(x))])[0]

/** y = x·s with s = sigmoid(x), so dy/dx = s + y·(1 - s). */
const siluRule: GradientRule = ({ inputs: [x], outputs: [y] }, d) => [
  () => {
    const s = y.node?.inputs.find((input) => input !== null && input !== x) ?? sigmoid(x)
    return multiply(d, add(s, multiply(y, subtract(1, s))))
  }
]

/** x · Φ(x), Φ the cumulative normal distribution. Source: Hendrycks and Gimpel, Gaussian Error Linear Units. */
export const gelu = (x: Value): Value =>
  x.graph.asGroup('gelu', [x], geluRule, () => [
    x.graph.fused ? fusedGelu(x, 'none') : multiply(x, cumulativeNormal(x))
  ])[0]

/** dy/dx = Φ(x) + x · exp(-x²/2) / √(2π). */
const geluRule: GradientRule = ({ inputs: [x] }, d) => [
  () => {
    const density = multiply(exponential(multiply(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI))
    return multiply(d, add(cumulativeNormal(x), multiply(x, density)))
  }
]

/** The approximation x/2 · (1 + tanh u), u = √(2/π) · (x + 0.044715 x³), from the same paper. */
export const geluTanh = (x: Value): Value =>
  x.graph.asGroup('gelu-tanh', [x], geluTanhRule, () => [
    x.graph.fused ? fusedGelu(x, 'tanh') : multiply(x, share(x))
  ])[0]

const cubic = 0.044715
const slope = Math.sqrt(2 / Math.PI)

/** With s = (1 + tanh u) / 2, dy/dx = s + x · 2s(1 - s) · du/dx. */
const geluTanhRule: GradientRule = ({ inputs: [x] }, d) => [
  () => {
    const s = share(x)
    const steepness = add(multiply(square(x), 6 * slope * cubic), 2 * slope) // 2 du/dx
    const bend = multiply(multiply(s, subtract(1, s)), multiply(x, steepness))
    return multiply(d, add(s, bend))
  }
]

/** (1 + tanh u) / 2 = sigmoid(2u) */
const share = (x: Value): Value =>
  sigmoid(multiply(x, add(multiply(square(x), 2 * slope * cubic), 2 * slope)))

const fusedGelu = (x: Value, approximate: 'none' | 'tanh'): Value =>
  innermost([x]).node('Gelu', [x], { approximate: text(approximate) }, [[x.dtype, x.shape]])[0]

/** Φ(x) = (1 + erf(x / √2)) / 2 */
const cumulativeNormal = (x: Value): Value => multiply(add(erf(multiply(x, Math.SQRT1_2)), 1), 0.5)

/**
 * The error function. ONNX Runtime has no float64 kernel of it, so the float64 graphs of tests use its Maclaurin series
 * Σ (-1)ⁿ x²ⁿ⁺¹ / (n! (2n + 1)) · 2/√π, right to 1e-9 up to 4, from where on erf is 1 to within 2e-8.
 */
function erf(x: Value): Value {
  if (x.graph.fused) return innermost([x]).node('Erf', [x], {}, [[x.dtype, x.shape]])[0]
  const near = clip(x, -4, 4)
  const one = x.graph.scalar(1)
  // Innermost term first; whole numbers only, because constants are kept in single precision.
  let sum = divide(one, 2 * seriesTerms + 1)
  for (let n = seriesTerms - 1; n >= 0; n--)
    sum = subtract(divide(one, 2 * n + 1), multiply(divide(square(near), n + 1), sum))
  return multiply(multiply(near, sum), 2 / Math.sqrt(Math.PI))
}
const seriesTerms = 70
