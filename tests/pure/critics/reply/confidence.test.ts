import { describe, expect, it } from 'vitest'
import { replyConfidence } from '../../../../src/critics/reply/confidence'
import { serialiseReply, type Reply } from '../../../../src/critics/reply/format'
import { bytesAnd } from './replies'

const reply: Reply = {
  critique: 'naïve 👍🏽 "x"',
  spans: [
    { quote: 'é "no"\n', occurrence: 12, polarity: 'poor', reason: 'why "so" ü' },
    { quote: 'a', occurrence: 1, polarity: 'neutral', reason: '' }
  ]
}
const text = serialiseReply(reply)
const bytes = [...new TextEncoder().encode(text)]
const spelling = bytesAnd(['a","occurrence":1,"polarity":"neut'])

/** Tokens that begin at bytes [from, to) have `there`, the others `elsewhere`. */
const at = (places: [string, number][], elsewhere: number) => (_: number, index: number) => {
  const place = places.find(([words]) => {
    const start = Buffer.from(text).indexOf(words)
    return index >= start && index < start + Buffer.byteLength(words)
  })
  return Math.log(place?.[1] ?? elsewhere)
}

describe("a reply's confidence", () => {
  it('is the unmasked probability of its quotes and polarities, and of no other token', () => {
    const policyLogProbs = bytes.map(
      at(
        [
          ['é \\"no\\"\\n', 0.25],
          ['poor', 0.5],
          ['a","occurrence', 1],
          ['neutral', 0.9]
        ],
        1e-6
      )
    )
    // Only the quotation marks after the second quote are not its own.
    const second = Buffer.from(text).indexOf('a","occurrence')
    policyLogProbs.fill(Math.log(1e-6), second + 1, second + 14)
    const logProbs = policyLogProbs.map((value, i) => (i % 2 === 0 ? value : value / 2))
    const found = replyConfidence({ ids: bytes, policyLogProbs, logProbs }, reply, spelling.tokenBytes)
    expect(found?.spans.map(({ quote, polarity, confidence }) => [quote, polarity, confidence])).toEqual([
      [expect.closeTo(0.25), expect.closeTo(0.5 ** 4), expect.closeTo(0.25 * 0.5 ** 4)],
      [expect.closeTo(1), expect.closeTo(0.9 ** 7), expect.closeTo(0.9 ** 7)]
    ])
    expect(found?.spans[0].allowedMass.least).toBeCloseTo(0.5)
    const mean = policyLogProbs.reduce((sum, value) => sum + value, 0) / bytes.length
    expect(found?.confidence).toBeCloseTo(Math.exp(mean))
  })

  it('counts a token that holds the end of a quote and a polarity for both', () => {
    const start = Buffer.from(text).indexOf('a","occurrence":1,"polarity":"neut')
    const ids = [...bytes.slice(0, start), 256, ...bytes.slice(start + spelling.tokenBytes(256).length)]
    const logs = ids.map((_, i) => Math.log(i === start ? 0.3 : 1))
    const found = replyConfidence(
      { ids, policyLogProbs: logs, logProbs: ids.map(() => 0) },
      reply,
      spelling.tokenBytes
    )
    expect(found?.spans[1]).toEqual({
      ...{ quote: expect.closeTo(0.3), polarity: expect.closeTo(0.3), confidence: expect.closeTo(0.09) },
      allowedMass: { mean: expect.closeTo(0.3 ** (1 / 4)), least: expect.closeTo(0.3) }
    })
    expect(found?.spans[0].confidence).toBeCloseTo(1)
    expect(found?.allowedMass.least).toBeCloseTo(0.3)
  })

  it('may follow a space that decoding takes off, and an end token', () => {
    const ids = [0x20, ...bytes, spelling.end]
    const logs = ids.map(() => Math.log(0.5))
    const written = { ids, policyLogProbs: logs, logProbs: logs }
    expect(replyConfidence(written, reply, spelling.tokenBytes)?.spans[1].quote).toBeCloseTo(0.5)
    expect(replyConfidence(written, reply, spelling.tokenBytes)?.allowedMass).toEqual({ mean: 1, least: 1 })
  })

  it('is not known of tokens that are not the canonical spelling', () => {
    const ids = [...new TextEncoder().encode(text.replace(':', ': '))]
    const logs = ids.map(() => 0)
    expect(
      replyConfidence({ ids, policyLogProbs: logs, logProbs: logs }, reply, spelling.tokenBytes)
    ).toBeNull()
  })
})
