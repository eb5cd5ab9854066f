import { describe, expect, test } from 'vitest'
import type { TokenMask } from '../../../../src/engine/generate/allowed-tokens'
import { createGenerator, type GeneratorOptions } from '../../../../src/engine/generate/generator'
import { uniformNumbers, randomModel } from '../../../pure/engine/checkpoint/random-model'
import { distribution, filteredDistribution, fullForward, indexOfLargest, runtime } from './reference'

const model = randomModel({ endTokens: [2] })
const vocabulary = model.config.vocabularySize
const prompts = [[5, 9, 11], [6], [20, 3]]
const options: Omit<GeneratorOptions, 'runtime'> = {
  ...{ model, trainable: { kind: 'none' }, masked: true },
  ...{ batch: 3, promptLength: 3, maxNewTokens: 12 }
}
const uniforms = uniformNumbers(36, 4)
const maskOf = (allowed: (token: number) => boolean): Uint8Array =>
  Uint8Array.from({ length: vocabulary }, (_, token) => Number(allowed(token)))

/** Even and odd tokens by turns; the end token in the last place only, and there nothing else. */
const alternating =
  (ids: readonly number[], left: number) =>
  (token: number): boolean =>
    left === 1 ? token === 2 : token !== 2 && token % 2 === ids.length % 2

const byTurns: TokenMask = (_row, ids, left) => maskOf(alternating(ids, left))

describe('a mask for every token', () => {
  test.each([
    { greedy: true },
    { greedy: false },
    { greedy: false, topK: 5, topP: 0.9, repetitionPenalty: 1.4 }
  ])('is kept to, and the log-probabilities are those of what it leaves: %o', async (sampling) => {
    const generator = await createGenerator({ runtime, ...options, ...sampling })
    const { sequences } = await generator.constrain({ prompts, uniforms, temperature: 0.9, mask: byTurns })
    await generator.release()
    const temperature = sampling.greedy ? 1 : 0.9
    for (const [row, { ids, logProbs, policyLogProbs, finish }] of sequences.entries()) {
      expect(ids).toHaveLength(12)
      expect(finish).toBe('eos')
      const logits = await fullForward(model, { kind: 'none' }, new Map(), [...prompts[row], ...ids])
      ids.forEach((id, i) => {
        const here = logits[prompts[row].length - 1 + i]
        const allowed = alternating(ids.slice(0, i), 12 - i)
        expect(allowed(id)).toBe(true)
        const { topK, topP, repetitionPenalty: penalty } = sampling
        const held = [...prompts[row], ...ids.slice(0, i)]
        const left = filteredDistribution(here, held, { penalty, allowed, temperature, topK, topP })
        if (sampling.greedy) expect(id).toBe(indexOfLargest(left))
        expect(Math.abs(logProbs[i] - Math.log(left[id]))).toBeLessThan(1e-5)
        expect(Math.abs(policyLogProbs[i] - Math.log(distribution(here)[id]))).toBeLessThan(1e-5)
      })
    }
  })

  test('is asked for with the tokens so far, and no more of a sequence that has ended', async () => {
    const generator = await createGenerator({ runtime, ...options, greedy: true })
    const asked: { row: number; ids: number[]; left: number }[] = []
    const { sequences } = await generator.constrain({
      prompts,
      mask: (row, ids, left) => {
        asked.push({ row, ids: [...ids], left })
        return maskOf((token) => (row === 1 && ids.length === 4 ? token === 2 : token !== 2))
      }
    })
    await generator.release()
    expect(sequences.map(({ ids, finish }) => [ids.length, finish])).toEqual([
      [12, 'length'],
      [5, 'eos'],
      [12, 'length']
    ])
    for (const [row, { ids }] of sequences.entries()) {
      const own = asked.filter((one) => one.row === row)
      expect(own).toEqual(ids.map((_, i) => ({ row, ids: ids.slice(0, i), left: 12 - i })))
    }
  })

  test('that allows nothing ends its sequence there, and no other', async () => {
    const generator = await createGenerator({ runtime, ...options })
    const nothing = maskOf(() => false)
    const free = await generator.constrain({ prompts, uniforms, mask: byTurns })
    const stopped = await generator.constrain({
      prompts,
      uniforms,
      mask: (row, ids, left) => (row === 0 && ids.length === 3 ? nothing : byTurns(row, ids, left))
    })
    expect(stopped.sequences[0]).toMatchObject({ ids: free.sequences[0].ids.slice(0, 3), finish: 'blocked' })
    expect(stopped.sequences.slice(1)).toEqual(free.sequences.slice(1))
    const none = await generator.constrain({ prompts, uniforms, mask: () => nothing })
    expect(none.sequences.map(({ ids, finish }) => [ids.length, finish])).toEqual(
      prompts.map(() => [0, 'blocked'])
    )
    await generator.release()
  })

  test('that allows everything changes nothing, to the last bit', async () => {
    for (const cacheInParts of [false, true]) {
      const generator = await createGenerator({ runtime, ...options, cacheInParts, maxNewTokens: 45 })
      const numbers = uniformNumbers(3 * 45, 6)
      const whole = await generator.generate({ prompts, uniforms: numbers })
      const single = await generator.constrain({ prompts, uniforms: numbers, mask: () => null })
      expect(single).toEqual(whole)
      await generator.release()
    }
  })
})

describe('a mask that stays', () => {
  const banned = [3, 7, 8, 12, 30]
  const still = maskOf((token) => !banned.includes(token))

  test('keeps tokens out of whole rollouts, as the same mask at every step does', async () => {
    const generator = await createGenerator({ runtime, ...options })
    const free = await generator.generate({ prompts, uniforms })
    expect(free.sequences.flatMap(({ ids }) => ids).some((id) => banned.includes(id))).toBe(true)
    const { sequences } = await generator.generate({ prompts, uniforms, allowed: still })
    expect(sequences.flatMap(({ ids }) => ids).filter((id) => banned.includes(id))).toEqual([])
    expect((await generator.constrain({ prompts, uniforms, mask: () => still })).sequences).toEqual(sequences)
    await generator.release()
  })

  test('may differ from row to row', async () => {
    const generator = await createGenerator({ runtime, ...options })
    const rows = [still, maskOf(() => true), maskOf((token) => token < 10)]
    const allowed = Uint8Array.from(rows.flatMap((row) => [...row]))
    const { sequences } = await generator.generate({ prompts, uniforms, allowed })
    for (const [row, { ids }] of sequences.entries()) for (const id of ids) expect(rows[row][id]).toBe(1)
    await generator.release()
  })

  test('that cannot be kept to is refused', async () => {
    const generator = await createGenerator({ runtime, ...options })
    const given = (allowed: Uint8Array) => generator.generate({ prompts, uniforms, allowed })
    await expect(given(maskOf(() => false))).rejects.toMatchObject({ code: 'bad-input' })
    await expect(given(new Uint8Array(5).fill(1))).rejects.toThrow('mask of 5')
    await expect(
      generator.constrain({ prompts, uniforms, mask: () => new Uint8Array(5).fill(1) })
    ).rejects.toThrow('mask of 5')
    await generator.release()
    const without = await createGenerator({ runtime, ...options, masked: false })
    await expect(without.generate({ prompts, uniforms, allowed: still })).rejects.toThrow('opened without')
    await expect(without.constrain({ prompts, uniforms, mask: () => null })).rejects.toThrow('opened without')
    await without.release()
  })
})
