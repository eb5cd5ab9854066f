import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openCritic } from '../../../src/critics'
import { rulesCritic } from '../../../src/critics/rules'
import type { Critique } from '../../../src/contract/critic'
import { sliceCodePoints } from '../../../src/pipeline/annotate/code-points'
import type { Failure } from '../../../src/pipeline/failure'

const never = { aborted: false }
async function judge(rules: object[], response: string, more: object = {}): Promise<Critique> {
  const critic = rulesCritic({ version: 1, rules, ...more }, 'test.json')
  for await (const critique of critic.score([{ prompt: [], response }], never)) return critique
  throw new Error('the critic said nothing')
}
async function quotes(rules: object[], response: string): Promise<string[]> {
  const critique = await judge(rules, response)
  if (critique.status !== 'ok') throw new Error(critique.reason)
  for (const { quote, start = -1, end = -1 } of critique.spans)
    expect(sliceCodePoints(response, start, end)).toBe(quote)
  return critique.spans.map((span) => span.quote)
}

const story = '👍🏽 Tom saw a ball. He went to the park! It began to rain. The park was wet.'
const park = {
  pattern: '\\b(park|ball)\\b',
  flags: 'i',
  polarity: -1 as const,
  reason: 'names the park or a ball'
}

describe('rulesCritic', () => {
  it('marks matches, with offsets in code points, occurrence and reason', async () => {
    const critique = await judge([park], story)
    expect(critique).toEqual({
      status: 'ok',
      critique: 'Poor: names the park or a ball (3 times).',
      spans: [
        { start: 13, end: 17, quote: 'ball', occurrence: 1, polarity: 'poor', reason: park.reason },
        { start: 34, end: 38, quote: 'park', occurrence: 1, polarity: 'poor', reason: park.reason },
        { start: 62, end: 66, quote: 'park', occurrence: 2, polarity: 'poor', reason: park.reason }
      ]
    })
  })

  it.each([
    ['a park', 'Poor: a park.'],
    ['Nothing says so.', 'Poor: Nothing says so.'],
    ['Is it?', 'Poor: Is it?']
  ])('says the reason %s as one sentence', async (reason, critique) => {
    const judged = await judge([{ ...park, pattern: 'ball', reason }], story)
    expect(judged).toMatchObject({ critique })
  })

  it('marks sentences', async () => {
    expect(await quotes([{ ...park, scope: 'sentence' }], story)).toEqual([
      '👍🏽 Tom saw a ball.',
      'He went to the park!',
      'The park was wet.'
    ])
    expect(await quotes([{ ...park, scope: 'sentence', negate: true }], story)).toEqual(['It began to rain.'])
  })

  it('marks the whole response', async () => {
    expect(await quotes([{ ...park, scope: 'response' }], story)).toEqual([story])
    expect(await quotes([{ ...park, scope: 'response', negate: true }], story)).toEqual([])
    expect(
      await quotes([{ pattern: 'dragon', scope: 'response', negate: true, polarity: -1 }], story)
    ).toEqual([story])
  })

  it('counts', async () => {
    expect(await quotes([{ ...park, atLeast: 3 }], story)).toHaveLength(3)
    expect(await quotes([{ ...park, atLeast: 4 }], story)).toEqual([])
    expect(
      await quotes(
        [{ pattern: '[aeiou]', atLeast: 6, scope: 'sentence', polarity: 1 }],
        'Go. Queueing aeons.'
      )
    ).toEqual(['Queueing aeons.'])
  })

  it('says that there is nothing to say', async () => {
    const nothing = {
      status: 'ok',
      spans: [],
      nothingNotable: true,
      critique: 'No rule has anything to say.'
    }
    expect(await judge([park], 'All was well.')).toEqual(nothing)
    expect(await judge([{ ...park, scope: 'response', negate: true }], '')).toEqual(nothing)
    expect(await judge([{ pattern: 'x*', polarity: 1 }], 'no such letter')).toEqual(nothing)
  })

  it('knows flags, polarities and several rules', async () => {
    const critique = await judge(
      [
        { pattern: '^he', flags: 'im', polarity: 1, reason: 'begins a line' },
        { pattern: 'rain', polarity: 0 }
      ],
      'One line\nHe saw rain'
    )
    expect(critique).toMatchObject({
      critique: 'Good: begins a line. Noted: matches rain.',
      spans: [
        { quote: 'He', polarity: 'good' },
        { quote: 'rain', polarity: 'neutral', reason: 'matches rain' }
      ]
    })
  })

  it('answers every input in order, and stops when told to', async () => {
    const critic = rulesCritic({ version: 1, rules: [park] }, 'test.json')
    const inputs = ['a ball', 'nothing', 'the park'].map((response) => ({ prompt: [], response }))
    const counts: number[] = []
    for await (const critique of critic.score(inputs, never))
      counts.push(critique.status === 'ok' ? critique.spans.length : -1)
    expect(counts).toEqual([1, 0, 1])
    await expect(critic.score(inputs, { aborted: true })[Symbol.asyncIterator]().next()).rejects.toThrow(
      'cancelled'
    )
  })

  it('changes its version with its rules', () => {
    const version = (reason: string): string =>
      rulesCritic({ version: 1, rules: [{ ...park, reason }] }, 'test.json').version
    expect(version('a')).toBe(version('a'))
    expect(version('a')).not.toBe(version('b'))
  })

  it('takes linear time over patterns that hang others', async () => {
    const started = performance.now()
    const critique = await judge([{ pattern: '(a+)+$', polarity: -1 }], 'a'.repeat(5000) + 'b', {
      timeLimit: 10_000
    })
    expect(critique.status).toBe('ok')
    expect(performance.now() - started).toBeLessThan(5000)
  })

  it('fails an answer that takes too long, and no other', async () => {
    // Every match looks for a z to the end of the text: quadratic, whatever the engine.
    const slow = [{ pattern: 'a[^z]*z|a', polarity: -1 }]
    const started = performance.now()
    expect(await judge(slow, 'a'.repeat(200_000))).toMatchObject({ status: 'failed', code: 'critic-failed' })
    expect(performance.now() - started).toBeLessThan(5000)
    expect(await judge(slow, 'aa')).toMatchObject({ status: 'ok' })
  })

  it('fails every answer when it is given no time', async () => {
    expect(await judge([park], story, { timeLimit: 0 })).toMatchObject({ status: 'failed' })
    expect(await judge([park], '', { timeLimit: 0 })).toMatchObject({ status: 'failed' })
  })

  const refused: [string, unknown, RegExp][] = [
    ['nothing', null, /^rules\.json: /],
    ['a newer version', { version: 2, rules: [park] }, /^rules\.json: "version"/],
    ['no rules', { version: 1, rules: [] }, /^rules\.json: "rules"/],
    ['an unknown key', { version: 1, rules: [park], ruels: [] }, /^rules\.json: unknown key "ruels"/],
    [
      'an unknown key in a rule',
      { version: 1, rules: [park, { ...park, patern: 'x' }] },
      /rule 2: unknown key "patern"/
    ],
    ['a rule without a pattern', { version: 1, rules: [{ polarity: 1 }] }, /rule 1: "pattern"/],
    ['a polarity of 2', { version: 1, rules: [{ ...park, polarity: 2 }] }, /rule 1: "polarity"/],
    [
      'an unknown flag',
      { version: 1, rules: [{ ...park, flags: 'ig' }] },
      /rule 1: "flags": flags are any of/
    ],
    [
      'a broken pattern',
      { version: 1, rules: [park, { ...park, pattern: '(' }] },
      /rule 2: the pattern cannot be used/
    ],
    [
      'a look-behind',
      { version: 1, rules: [{ ...park, pattern: '(?<=a)b' }] },
      /rule 1: the pattern cannot be used/
    ],
    [
      'a huge pattern',
      { version: 1, rules: [{ ...park, pattern: '(?:\\w{30}x){300}' }] },
      /rule 1: the pattern/
    ],
    [
      'negate without a scope',
      { version: 1, rules: [{ ...park, negate: true }] },
      /rule 1: "negate" needs the scope/
    ]
  ]
  it.each(refused)('refuses %s, by name', (_, json, message) => {
    let failure: Failure | null = null
    try {
      rulesCritic(json, 'rules.json')
    } catch (error) {
      failure = error as Failure
    }
    expect(failure?.code).toBe('bad-rules')
    expect(failure?.message).toMatch(message)
  })
})

describe('openCritic', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rules-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return `rules:${join(folder, name)}`
  }

  it('opens a rules file', async () => {
    const critic = await openCritic(
      write('park.json', '\ufeff' + JSON.stringify({ version: 1, rules: [park] }))
    )
    expect(critic.id).toBe('rules')
  })

  it('refuses what it does not know, and files that are none', async () => {
    for (const name of ['llm:http://x', 'oracle:x', 'rules', 'rules:', 'toString:x'])
      await expect(openCritic(name)).rejects.toMatchObject({ code: 'bad-configuration' })
    await expect(openCritic(`rules:${join(folder, 'none.json')}`)).rejects.toMatchObject({
      code: 'not-found'
    })
    await expect(openCritic(`rules:${folder}`)).rejects.toMatchObject({ code: 'not-a-file' })
    await expect(openCritic(write('empty.json', ' '))).rejects.toMatchObject({ code: 'empty-file' })
    await expect(openCritic(write('cut.json', '{"version":1,'))).rejects.toMatchObject({ code: 'bad-json' })
  })
})
