import { describe, expect, it } from 'vitest'
import { detectFormat, formatNamed } from '../../../src/formats'
import { fineGrainedRlhf } from '../../../src/formats/fine-grained-rlhf'
import { jsonl } from '../../../src/formats/jsonl'
import { OffsetUnitVote } from '../../../src/formats/offset-unit'
import { t2gHeader, t2gJsonl } from '../../../src/formats/t2g-jsonl'

const read = (record: unknown, unit: 'code-points' | 'utf-16' | 'utf-8' = 'code-points') =>
  jsonl.reader({ unit })(record)
const failing = (code: string, words: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(words) })

describe('Fine-Grained RLHF', () => {
  const record = {
    question: 'Who?',
    passages: [['Title', 'One.', 'Two.']],
    gold: 'Her.',
    'prediction 1': 'He did it.',
    'prediction 2': 'She did it.',
    feedback: {
      errors: [{ 'error type': 'Wrong-Grounding', explanation: '[{"id":1}]', start: 0, end: 2 }],
      'missing-info': [{ 'error type': 'Missing-Answer', passage_id: 0, sentence_id: [1] }],
      'corrected-prediction': 'She did it.'
    },
    preference: [2]
  }

  it('keeps every prediction, the errors of the first, and what has no field', () => {
    expect(fineGrainedRlhf.reader({ unit: 'code-points' })(record).document).toEqual({
      messages: [{ role: 'user', content: 'Who?' }],
      passages: [{ title: 'Title', text: 'One. Two.' }],
      extra: { gold: 'Her.', preference: [2], 'sentence-lengths': [[4, 4]] },
      responses: [
        {
          text: 'He did it.',
          source: 'prediction 1',
          extra: { 'missing-info': record.feedback['missing-info'], 'corrected-prediction': 'She did it.' },
          annotations: [
            {
              person: null,
              status: 'submitted',
              critique: '',
              spans: [
                { start: 0, end: 2, polarity: 'poor', category: 'Wrong-Grounding', reason: '[{"id":1}]' }
              ]
            }
          ]
        },
        { text: 'She did it.', source: 'prediction 2', extra: {}, annotations: [] }
      ]
    })
  })

  it('names the field that is wrong', () => {
    const reader = fineGrainedRlhf.reader({ unit: 'code-points' })
    expect(() => reader({ ...record, question: 1 })).toThrow(failing('bad-record', /"question"/))
    expect(() => reader({ ...record, 'prediction 2': null })).toThrow(failing('bad-record', /"prediction 2"/))
  })
})

describe('JSONL', () => {
  it('takes a prompt or messages, with or without an answer', () => {
    const user = { role: 'user', content: 'Hi' } as const
    const none = { passages: [], extra: {}, responses: [] }
    expect(read({ prompt: 'Hi' }).document).toEqual({ messages: [user], ...none })
    expect(read({ prompt: [user], tag: 1 }).document).toEqual({
      messages: [user],
      ...none,
      extra: { tag: 1 }
    })
    const answer = { text: 'Yo', source: 'import', extra: {}, annotations: [] }
    expect(read({ messages: [user], response: 'Yo' }).document?.responses).toEqual([answer])
    expect(read({ messages: [user, { role: 'assistant', content: 'Yo' }] }).document).toEqual({
      messages: [user],
      ...none,
      responses: [answer]
    })
    // what belongs to the answer stays with the answer, so that equal prompts are one document
    expect(read({ prompt: 'Hi', response: 'Yo', source: 'm', tag: 1 }).document?.responses[0]).toMatchObject({
      source: 'm',
      extra: { tag: 1 }
    })
  })

  it('takes spans by offsets or by words, and a critique; an empty list means read, nothing marked', () => {
    const record = { prompt: 'Hi', response: 'a b a', critique: 'meh', annotator: 'Anna' }
    const spans = [
      { start: 0, end: 1, label: -0.5, reason: 'r', category: 'c' },
      { quote: 'a', occurrence: 2, polarity: 'good' },
      { quote: 'b', label: 0 }
    ]
    expect(read({ ...record, spans }).document?.responses[0].annotations).toEqual([
      {
        person: { name: 'Anna', kind: 'person' },
        status: 'submitted',
        critique: 'meh',
        spans: [
          { start: 0, end: 1, polarity: 'poor', reason: 'r', category: 'c' },
          { start: 4, end: 5, polarity: 'good', quote: 'a' },
          { start: 2, end: 3, polarity: 'neutral', quote: 'b' }
        ]
      }
    ])
    expect(read({ prompt: 'Hi', response: 'a', spans: [] }).document?.responses[0].annotations).toHaveLength(
      1
    )
    expect(read({ prompt: 'Hi', response: 'a' }).document?.responses[0].annotations).toHaveLength(0)
  })

  it('refuses what it cannot place or understand, in one sentence', () => {
    const refused = (record: object, code: string, words: RegExp): void =>
      expect(() => read({ prompt: 'Hi', response: 'a b a', ...record })).toThrow(failing(code, words))
    refused({ spans: [{ quote: 'a', label: 1 }] }, 'quote-mismatch', /3 times|2 times.*occurrence/)
    refused({ spans: [{ quote: 'z', label: 1 }] }, 'quote-mismatch', /"z" is not in the response/)
    refused({ spans: [{ quote: 'a', occurrence: 3, label: 1 }] }, 'quote-mismatch', /no occurrence 3/)
    refused({ spans: [{ start: 0, end: 9, label: 1 }] }, 'span-outside-text', /offset 9/)
    refused({ spans: [{ start: 0.5, end: 1, label: 1 }] }, 'span-outside-text', /0\.5/)
    refused({ spans: [{ start: 0, end: 1 }] }, 'bad-record', /polarity or a label/)
    refused({ spans: [{ label: 1 }] }, 'bad-record', /start and end, or a quote/)
    refused({ prompt: undefined }, 'bad-record', /either "prompt" or "messages"/)
    refused({ response: undefined, spans: [{ quote: 'a', label: 1 }] }, 'bad-record', /no "response"/)
    refused({ response: 5 }, 'bad-record', /"response"/)
  })

  it('finds the unit that the quotes stand in, and says what it put right', () => {
    const response = '👨🏻‍🚒 firemen drive firetrucks at work'
    const places = { 'code-points': [19, 29], 'utf-16': [22, 32], 'utf-8': [30, 40] } as const
    for (const unit of ['code-points', 'utf-16', 'utf-8'] as const) {
      const [start, end] = places[unit]
      const record = { prompt: 'Hi', response, spans: [{ start, end, quote: 'firetrucks', label: 1 }] }
      const vote = new OffsetUnitVote()
      for (const quoted of jsonl.quotes?.(record) ?? []) vote.add(quoted)
      expect(vote.winner()).toBe(unit)
      const { document, repaired } = read(record, unit)
      expect(document?.responses[0].annotations[0].spans).toEqual([
        { start: 19, end: 29, quote: 'firetrucks', polarity: 'good' }
      ])
      expect(repaired).toHaveLength(unit === 'code-points' ? 0 : 1)
    }
    expect(new OffsetUnitVote().winner()).toBe('code-points')
  })
})

describe('choosing a format', () => {
  it('recognises each by its first record, and by name', () => {
    expect(detectFormat({ question: 'q', 'prediction 1': 'p' })).toBe(fineGrainedRlhf)
    expect(detectFormat({ prompt: 'p' })).toBe(jsonl)
    expect(detectFormat(t2gHeader)).toBe(t2gJsonl)
    for (const other of [{ text: 'x' }, 'text', 5, null, []]) expect(detectFormat(other)).toBeNull()
    expect(formatNamed('FG-RLHF')).toBe(fineGrainedRlhf)
    expect(() => formatNamed('xml')).toThrow(failing('unknown-format', /choose auto, t2g-jsonl/))
  })

  it('refuses an export of a newer version', () => {
    expect(() => t2gJsonl.reader({ unit: 'code-points' })({ ...t2gHeader, version: 2 })).toThrow(
      failing('unknown-format', /newer version/)
    )
  })
})
