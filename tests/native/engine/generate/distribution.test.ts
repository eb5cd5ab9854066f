import { expect, test } from 'vitest'
import { createGenerator } from '../../../../src/engine/generate/generator'
import { uniformNumbers, randomModel } from '../../../pure/engine/checkpoint/random-model'
import { filteredDistribution, fullForward, runtime, type Filters } from './reference'

/** What chi-square with so many degrees of freedom exceeds once in 10,000 times. Source: Wilson and Hilferty, 1931. */
function criticalValue(degrees: number): number {
  const spread = 2 / (9 * degrees)
  return degrees * (1 - spread + 3.719 * Math.sqrt(spread)) ** 3
}

const cases: Record<string, Filters> = {
  'nothing left out': {},
  'a low temperature': { temperature: 0.5 },
  'top-k': { topK: 5 },
  'top-p': { topP: 0.8, temperature: 1.3 },
  'top-k, then top-p': { topK: 12, topP: 0.7 },
  'a repetition penalty': { penalty: 2.5 },
  'a mask': { allowed: (token) => token % 3 === 0 },
  'everything at once': {
    ...{ penalty: 1.8, temperature: 1.4, topK: 10, topP: 0.9 },
    allowed: (token) => token % 2 === 0
  }
}

test.each(Object.entries(cases))('tokens come as often as they should: %s', async (_, filters) => {
  const { penalty, allowed, temperature = 1, topK, topP } = filters
  const model = randomModel({ endTokens: [] })
  const { vocabularySize } = model.config
  const [rows, rounds] = [64, 40]
  const prompt = [7, 12, 3, 30, 6]
  const generator = await createGenerator({
    ...{ model, runtime, trainable: { kind: 'none' }, batch: rows, promptLength: 5, maxNewTokens: 1 },
    ...{ topK, topP, repetitionPenalty: penalty, masked: allowed !== undefined }
  })
  const stream = uniformNumbers(rows * rounds, 17)
  const counts = new Array<number>(vocabularySize).fill(0)
  const logProbs = new Map<number, number>()
  for (let round = 0; round < rounds; round++) {
    const { sequences } = await generator.generate({
      prompts: Array.from({ length: rows }, () => prompt),
      uniforms: stream.subarray(round * rows, (round + 1) * rows),
      temperature,
      ...(allowed ? { allowed: Uint8Array.from(counts, (_, token) => Number(allowed(token))) } : {})
    })
    for (const { ids, logProbs: own } of sequences) {
      counts[ids[0]]++
      logProbs.set(ids[0], own[0])
    }
  }
  await generator.release()

  const logits = (await fullForward(model, { kind: 'none' }, new Map(), prompt)).at(-1) ?? []
  const expected = filteredDistribution(logits, prompt, filters)
  for (const [token, logProb] of logProbs)
    expect(Math.abs(logProb - Math.log(expected[token]))).toBeLessThan(1e-5)
  // Tokens that are expected less than 5 times are counted together, as chi-square wants it.
  const drawn = rows * rounds
  const bins = { often: [] as { seen: number; wanted: number }[], seldom: { seen: 0, wanted: 0 } }
  expected.forEach((p, token) => {
    if (p === 0) expect(counts[token]).toBe(0)
    else if (p * drawn >= 5) bins.often.push({ seen: counts[token], wanted: p * drawn })
    else {
      bins.seldom.seen += counts[token]
      bins.seldom.wanted += p * drawn
    }
  })
  const all = bins.seldom.wanted > 0 ? [...bins.often, bins.seldom] : bins.often
  const statistic = all.reduce((sum, { seen, wanted }) => sum + (seen - wanted) ** 2 / wanted, 0)
  expect(all.length).toBeGreaterThan(2)
  expect(statistic).toBeLessThan(criticalValue(all.length - 1))
})
