import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Critique } from '../../../../src/contract/critic'
import { criticFiles, criticRecord } from '../../../../src/contract/critic-record'
import { openAnyCritic } from '../../../../src/jobs/critic/open'
import { critiqueOf } from '../../../../src/jobs/critic/span-head/spans'
import { trainCritic } from '../../../../src/jobs/critic/train'
import { scratchFolder } from '../../../pure/engine/checkpoint/scratch'
import { criticFolder, examplesOf } from './training'
import { quietHost, timelessMetrics } from '../run/tiny-run'

const scratch = scratchFolder()

async function collect(critiques: AsyncIterable<Critique>): Promise<Critique[]> {
  const all: Critique[] = []
  for await (const critique of critiques) all.push(critique)
  return all
}

describe('a span head', () => {
  test('is trained from annotations and judges answers by its version; the same seed is the same critic', async () => {
    const settings = { kind: 'span-head', steps: 40, evaluateEvery: 20, metric: 'poor-f1' } as const
    const [dir, again] = ['one', 'two'].map((name) => criticFolder(join(scratch, name), settings))
    const { version, examples } = await trainCritic(dir, quietHost())
    expect(examples).toEqual({ train: 24, dev: 6, test: 6, dropped: 0 })
    const record = criticRecord.parse(JSON.parse(readFileSync(join(dir, criticFiles.record), 'utf8')))
    expect(record).toMatchObject({ kind: 'span-head', head: criticFiles.head, adapter: criticFiles.adapter })
    expect(existsSync(join(dir, criticFiles.head))).toBe(true)
    expect(record.thresholds.good).toBeGreaterThan(0)
    expect(record.thresholds.poor).toBe(0.5) // dev has none
    const losses = timelessMetrics(dir).flatMap((row) => row['dev/loss'] ?? [])
    expect(losses[1]).toBeLessThan(losses[0])
    expect((await trainCritic(again, quietHost())).version).toBe(version)

    const critic = await openAnyCritic(`trained:${dir}`, { threads: 1 })
    expect(critic).toMatchObject({ id: 'span-head', version })
    const [{ messages, response }] = examplesOf(1)
    const batch = [response, '', 'word '.repeat(400)].map((text) => ({ prompt: messages, response: text }))
    const [read, empty, long] = await collect(critic.score(batch, { aborted: false }))
    expect(read.status).toBe('ok')
    if (read.status === 'ok') {
      const stretches = read.poorProbabilities ?? []
      expect(stretches.map(([start, end]) => response.slice(start, end)).join('')).toBe(response)
      expect(stretches.every(([, , said]) => said >= 0 && said <= 1)).toBe(true)
    }
    // Alone, in fours and in a crowd an answer is judged alike.
    const many = examplesOf(21).map((one) => ({ prompt: one.messages, response: one.response }))
    const crowd = await collect(critic.score(many, { aborted: false }))
    for (const count of [1, 3]) {
      const few = await collect(critic.score(many.slice(0, count), { aborted: false }))
      few.forEach((critique, index) => {
        const other = crowd[index]
        if (critique.status !== 'ok' || other.status !== 'ok') throw new Error('An answer was not judged.')
        critique.poorProbabilities?.forEach(([, , said], token) =>
          expect(said).toBeCloseTo(other.poorProbabilities?.[token][2] ?? -1, 5)
        )
      })
    }
    // What it cannot read whole is a failure and never an answer without marks.
    expect([empty.status, long.status]).toEqual(['failed', 'failed'])
    await expect(collect(critic.score(batch, { aborted: true }))).rejects.toThrow('cancelled')
  })
})

describe('token probabilities as a critique', () => {
  const text = 'It 😀 is red, not blue.'
  const offsets = [
    [0, 2],
    [2, 4],
    [4, 7],
    [7, 11],
    [11, 16],
    [16, 21],
    [21, 22]
  ] as const
  const poorOf = (said: readonly number[]) => said.map((poor) => [poor, 1 - poor, 0])
  const thresholds = { poor: 0.4 }

  test('runs above the threshold are spans without the white space around them, in code points', () => {
    const critique = critiqueOf(text, offsets, poorOf([0, 0.9, 0, 0.4, 0.8, 0.39, 0.1]), thresholds)
    expect(critique.spans).toEqual([
      { quote: '😀', occurrence: 1, start: 3, end: 4, polarity: 'poor', confidence: 0.9 },
      {
        quote: 'red, not',
        occurrence: 1,
        start: 8,
        end: 16,
        polarity: 'poor',
        confidence: expect.closeTo(0.6)
      }
    ])
    expect(critique.critique).toBe('2 poor passages marked; this critic gives no reasons.')
    expect(critique.nothingNotable).toBeUndefined()
  })

  test('silence is said', () => {
    const critique = critiqueOf(text, offsets, poorOf([0, 0, 0, 0, 0, 0, 0.3]), thresholds)
    expect(critique).toMatchObject({ spans: [], nothingNotable: true })
    expect(critique.critique).not.toBe('')
    expect(critique.poorProbabilities?.[6]).toEqual([21, 22, 0.3])
  })

  test('where two classes reach their thresholds the likelier one has the token; one without is never marked', () => {
    const said = offsets.map((_, token) => (token < 2 ? [0.45, 0.05, 0.5] : [0.5, 0.05, 0.45]))
    const both = critiqueOf(text, offsets, said, { poor: 0.4, good: 0.4 })
    expect(both.spans.map(({ polarity }) => polarity)).toEqual(['good', 'poor'])
    expect(critiqueOf(text, offsets, said, { poor: 0.4 }).spans).toHaveLength(1)
  })
})
