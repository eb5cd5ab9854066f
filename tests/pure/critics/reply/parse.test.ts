import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Critique } from '../../../../src/contract/critic'
import { serialiseReply, type ReplyParts } from '../../../../src/critics/reply/format'
import { parseReply } from '../../../../src/critics/reply/parse'
import { replyPrompt } from '../../../../src/critics/reply/prompt'
import { placesOf } from '../../../../src/pipeline/annotate/anchor'
import { sliceCodePoints } from '../../../../src/pipeline/annotate/code-points'

const response = 'aaa 👍🏽 said "no\\yes"\n twice: no, no.'
const reply = (...spans: object[]): string => JSON.stringify({ critique: 'Mixed.', spans })
const span = { quote: 'no', occurrence: 1, polarity: 'poor' as const, reason: 'curt' }

function failure(text: string, of = response): string {
  const critique = parseReply(text, of)
  if (critique.status === 'ok') throw new Error(`not refused: ${text}`)
  return `${critique.code}: ${critique.reason}`
}

describe('a reply', () => {
  it('becomes a critique with its spans in place, overlapping occurrences counted', () => {
    expect(
      parseReply(reply({ ...span, occurrence: 3 }, { ...span, quote: 'aa', occurrence: 2 }), response)
    ).toEqual({
      status: 'ok',
      critique: 'Mixed.',
      spans: [
        { ...span, occurrence: 3, start: 33, end: 35 },
        { ...span, quote: 'aa', occurrence: 2, start: 1, end: 3 }
      ]
    } satisfies Critique)
  })

  it('may say that nothing is notable', () => {
    expect(parseReply('{"critique":"Fine.","spans":[]}', '')).toEqual({
      ...{ status: 'ok', critique: 'Fine.', spans: [], nothingNotable: true }
    })
  })

  it.each([
    ['', 'bad-json: The reply is not valid JSON'],
    ['{"critique":"Mixed.","spans":[', 'bad-json: The reply is not valid JSON'],
    ['```json\n{"critique":"Fine.","spans":[]}\n```', 'bad-json: The reply is not valid JSON'],
    ['{"critique":"a" "spans":[]}', 'bad-json'],
    ['[]', 'bad-record: The reply is not in the format asked for'],
    ['{"spans":[]}', 'bad-record: The reply is not in the format asked for: critique:'],
    ['{"critique":"a","spans":[],"score":1}', 'unknown key "score"'],
    ['{"critique":" \\n","spans":[]}', 'bad-record: The reply has no span and an empty critique'],
    ['{"critique":"\\ud83d","spans":[]}', 'critique: half of a surrogate pair'],
    [reply({ ...span, polarity: 'bad' }), 'spans, 1, polarity:'],
    [reply({ ...span, quote: '' }), 'spans, 1, quote:'],
    [reply({ ...span, occurrence: 0 }), 'spans, 1, occurrence:'],
    [reply({ ...span, occurrence: 1.5 }), 'spans, 1, occurrence:'],
    [reply({ ...span, start: 3 }), 'unknown key "start"'],
    [
      reply(span, { ...span, quote: 'No' }),
      'quote-mismatch: The quote of span 2, "No", is not in the response.'
    ],
    [reply({ ...span, quote: '\ud83d' }), 'spans, 1, quote: half of a surrogate pair'],
    [
      reply({ ...span, occurrence: 4 }),
      'The quote of span 1, "no", occurs 3 times in the response, not 4 times.'
    ]
  ])('fails closed: %s', (text, sentence) => {
    expect(failure(text)).toContain(sentence)
  })

  it('never throws and never gives a span that is not there, whatever it is', () => {
    const anything = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc.constantFrom(reply(span), reply(span, span))
    )
    fc.assert(
      fc.property(anything, fc.nat(), fc.string({ unit: 'binary', maxLength: 3 }), (text, at, put) => {
        const place = at % (text.length + 1)
        const critique = parseReply(text.slice(0, place) + put + text.slice(place + put.length), response)
        if (critique.status === 'failed') expect(critique.reason).toMatch(/\.$/)
        else
          for (const { start = -1, end = -1, quote } of critique.spans)
            expect(sliceCodePoints(response, start, end)).toBe(quote)
      }),
      { numRuns: 500 }
    )
  })
})

describe('the canonical spelling', () => {
  const words = fc.string({ unit: 'binary', maxLength: 20 })
  it('comes back as it was', () => {
    const parts = fc.record({
      critique: words.map((text) => `.${text}`),
      cuts: fc.array(fc.record({ at: fc.nat(), length: fc.nat(8), reason: words }), { maxLength: 4 })
    })
    fc.assert(
      fc.property(words, parts, (text, { critique, cuts }) => {
        const points = [...`x${text}`]
        const whole = points.join('')
        const spans = cuts.map(({ at, length, reason }) => {
          const start = at % points.length
          const quote = points.slice(start, start + 1 + length).join('')
          const occurrence = 1 + placesOf(whole, quote).findIndex((place) => place.start === start)
          return { quote, occurrence, polarity: 'poor' as const, reason }
        })
        const written = serialiseReply({ critique, spans })
        const read = parseReply(written, whole)
        expect(read).toMatchObject({ status: 'ok', critique, spans })
        if (read.status === 'ok') expect(serialiseReply(read as ReplyParts)).toBe(written)
      })
    )
  })

  it('fills in what may be left out, and always says something', () => {
    expect(serialiseReply({ critique: '', spans: [] })).toBe('{"critique":"Nothing to mark.","spans":[]}')
    expect(serialiseReply({ critique: ' ', spans: [{ quote: 'no', polarity: 'poor' }] })).toBe(
      '{"critique":"1 poor.","spans":[{"quote":"no","occurrence":1,"polarity":"poor","reason":""}]}'
    )
  })
})

describe('what a model is asked', () => {
  const prompt = [{ role: 'user' as const, content: 'Say "no".\nNow.' }]
  it('has the response spelt as a quote of it must be', () => {
    const [{ content }] = replyPrompt({ prompt, response }, 'bare')
    expect(content).toBe(`user: "Say \\"no\\".\\nNow."\nresponse: ${JSON.stringify(response)}`)
    expect(replyPrompt({ prompt, response })[0].content).toMatch(/^Judge the response below[^]*\n\nuser: /)
  })
})
