import { chance } from '../../optimise/chance'
import { hash32 } from '../../optimise/split'
import { goldSpans, tokenLabels, tokenWords, type GoldAnswer } from './answer'
import type { Labeller } from './lexicon'
import { bestThreshold } from './threshold'

/** Words on either side whose presence counts, wherever they stand. */
const reach = 6
const buckets = 2 ** 16
const epochs = 5
const rate = 0.3

/**
 * A linear classifier of tokens: logistic regression over the token's word and the bag of the words around it (hashed
 * into 65,536 weights), one against all others for each polarity, AdaGrad (Duchi et al. 2011), five passes in seeded
 * order. It knows words and neighbours, not their order, and nothing of the prompt.
 */
export function bagOfWords(train: readonly GoldAnswer[], seed: number): Labeller {
  const examples = train.flatMap((answer) => {
    const labels = tokenLabels(answer, goldSpans(answer))
    return featuresOf(answer).map((features, token) => ({ features, label: labels[token] }))
  })
  const order = chance(seed, 'bagOfWords')
  const poor = fit(examples, -1, order.shuffle)
  const good = fit(examples, 1, order.shuffle)
  return (answer) =>
    Int8Array.from(featuresOf(answer), (features) => {
      const [bad, fine] = [poor(features), good(features)]
      if (bad < 0 && fine < 0) return 0
      return bad >= fine ? -1 : 1
    })
}

interface Example {
  readonly features: Int32Array
  readonly label: number
}

function featuresOf({ text, offsets }: GoldAnswer): Int32Array[] {
  const words = tokenWords(text, offsets)
  return words.map((word, token) => {
    const around = new Set(words.slice(Math.max(0, token - reach), token + reach + 1))
    around.delete('')
    const names = [`here ${word}`, ...[...around].map((near) => `near ${near}`)]
    return Int32Array.from(names, (name) => hash32(name) % buckets)
  })
}

/** @returns how far a token's probability is above the threshold of best F1 on train */
function fit(
  examples: readonly Example[],
  sign: 1 | -1,
  shuffle: <T>(items: readonly T[]) => T[]
): (features: Int32Array) => number {
  const weights = new Float64Array(buckets)
  const squares = new Float64Array(buckets).fill(1e-6)
  let bias = 0
  let biasSquare = 1e-6
  const probability = (features: Int32Array): number => {
    let sum = bias
    for (const feature of features) sum += weights[feature]
    return 1 / (1 + Math.exp(-sum))
  }
  for (let epoch = 0; epoch < epochs; epoch++)
    for (const { features, label } of shuffle(examples)) {
      const slope = probability(features) - (label === sign ? 1 : 0)
      biasSquare += slope ** 2
      bias -= (rate * slope) / Math.sqrt(biasSquare)
      for (const feature of features) {
        squares[feature] += slope ** 2
        weights[feature] -= (rate * slope) / Math.sqrt(squares[feature])
      }
    }
  const threshold = bestThreshold(
    examples.map(({ features, label }) => ({ score: probability(features), wanted: label === sign }))
  )
  return (features) => probability(features) - threshold
}
