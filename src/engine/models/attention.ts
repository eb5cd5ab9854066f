import {
  add,
  concat,
  float32,
  matmul,
  multiply,
  negate,
  reshape,
  softmax,
  sum,
  transpose,
  transposeLast,
  type GradientRule,
  type Value
} from '../graph'

/**
 * Scaled dot-product attention with grouped heads.
 * query [B, H, Tq, size], key and value [B, G, Tk, size], bias broadcasting to [B, H, Tq, Tk] -> [B·Tq, H·size].
 * Query head h reads key-value head floor(h / (H / G)). No gradient flows into the bias.
 */
export const groupedAttention = (query: Value, key: Value, value: Value, bias: Value): Value =>
  joinHeads(mixHeads(query, key, value, bias))

/** The same before the heads are joined: [B, H, Tq, size]. */
export function mixHeads(query: Value, key: Value, value: Value, bias: Value): Value {
  const [batch, heads, length, size] = query.shape
  const groups = key.shape[1]
  const stacked = reshape(query, [batch, groups, (heads / groups) * length, size])
  const mixed = query.graph.asGroup('attention', [stacked, key, value], attentionRule, () => [
    attend(stacked, key, value, bias, heads)
  ])[0]
  return reshape(mixed, [batch, heads, length, size])
}

/** x [B, heads, T, size] -> [B·T, heads · size] */
export function joinHeads(x: Value): Value {
  const [batch, heads, length, size] = x.shape
  return reshape(transpose(x, [0, 2, 1, 3]), [batch * length, heads * size])
}

/** x [B·T, heads · size] -> [B, heads, T, size] */
export const splitHeads = (x: Value, batch: number, length: number, heads: number): Value =>
  heads === 1
    ? reshape(x, [batch, 1, length, x.shape[1]])
    : transpose(reshape(x, [batch, length, heads, x.shape[1] / heads]), [0, 2, 1, 3])

/** Added to the score of a key that must not be seen. Finite, so that a row with no key at all stays a number. */
export const unseen = -1e9

/** query [B, G, R·Tq, size], R query heads a group -> softmax(query·keyᵀ / √size + bias)·value, of query's shape. */
function attend(query: Value, key: Value, value: Value, bias: Value, heads: number): Value {
  const [batch, groups, stackedLength, size] = query.shape
  const keys = key.shape[2]
  const scores = matmul(query, key, { transposeB: true, scale: 1 / Math.sqrt(size) })
  const byHead = reshape(scores, [batch, heads, (groups * stackedLength) / heads, keys])
  const shares = reshape(softmax(add(byHead, bias)), [batch, groups, stackedLength, keys])
  return matmul(shares, value)
}

/**
 * With shares P and the gradient d of the output O = P·V, the gradient of the scores is P ∘ (d·Vᵀ - rowsum(d ∘ O)),
 * because rowsum(P ∘ d·Vᵀ) = rowsum(d ∘ O): the row sums come from small tensors, not from [Tq, Tk] ones. The
 * subtraction rides along in the product, as one more column of d beside a column of ones in V.
 * Source: Dao et al., FlashAttention, appendix B.
 */
const attentionRule: GradientRule = ({ inputs: [query, key, value], outputs: [output] }, d) => {
  const scale = 1 / Math.sqrt(query.shape[3])
  const shares = output.node?.inputs[0]
  if (!shares) throw new Error('Attention has lost its shares.')
  let made: Value | undefined
  const forScores = (): Value => (made ??= scoreGradient(shares, value, output, d))
  return [
    () => matmul(forScores(), key, { scale }),
    () => transposedProduct(forScores(), query, scale),
    () => transposedProduct(shares, d, 1)
  ]
}

function scoreGradient(shares: Value, value: Value, output: Value, d: Value): Value {
  const rowSums = sum(multiply(d, output), [3], { keep: true })
  const shape = [...value.shape.slice(0, 3), 1]
  const count = shape.reduce((product, size) => product * size, 1)
  const ones = value.graph.initialiser(
    `ones_${value.graph.initialisers.length}`,
    float32(shape, new Float32Array(count).fill(1))
  )
  const wideGradient = concat([d, negate(rowSums)], 3)
  return multiply(shares, matmul(wideGradient, concat([value, ones], 3), { transposeB: true }))
}

/** scale · aᵀ·b, computed as (bᵀ·a)ᵀ: transposing the narrow b is much cheaper than transposing the wide a. */
const transposedProduct = (a: Value, b: Value, scale: number): Value =>
  transposeLast(matmul(b, a, { transposeA: true, scale }))
