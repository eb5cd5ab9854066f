import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import type { Critic, CriticInput, Critique } from '../../../src/contract/critic'
import { cached, critiqueKey, type OkCritique } from '../../../src/critics/cache'
import { CritiqueFile } from '../../../src/critics/critique-file'

const scratch = mkdtempSync(join(tmpdir(), 'critic-cache-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
let file: string
let number = 0
beforeEach(() => void (file = join(scratch, String(++number), 'critiques.jsonl')))

const never = { aborted: false }
const inputOf = (response: string): CriticInput => ({
  prompt: [{ role: 'user', content: 'Say it.' }],
  response
})

/** Marks the whole answer, fails on those that begin with "bad", and remembers what it was asked. */
function critic(version = '1'): Critic & { readonly asked: string[]; open: number } {
  const asked: string[] = []
  return {
    ...{ id: 'test', version, asked, open: 0 },
    async *score(batch) {
      this.open++
      try {
        for (const { response } of batch) {
          asked.push(response)
          await Promise.resolve()
          if (response.startsWith('bad'))
            yield { status: 'failed', code: 'critic-failed', reason: 'told to' } as const
          else yield { ...saying(response), cost: { newTokens: 5 } }
        }
      } finally {
        this.open--
      }
    }
  }
}

const saying = (response: string): OkCritique => ({
  status: 'ok',
  critique: 'hm',
  // In another order than the file's schema has, and with a key that it does not know.
  spans: [{ polarity: 'poor', end: [...response].length, quote: response, start: 0, occurrence: 1 }],
  ...{ later: true }
})

async function ask(from: Critic, responses: readonly string[]): Promise<Critique[]> {
  const critiques: Critique[] = []
  for await (const one of from.score(responses.map(inputOf), never)) critiques.push(one)
  return critiques
}
const quotes = (critiques: readonly Critique[]): string[] =>
  critiques.map((one) => (one.status === 'ok' ? one.spans[0].quote : one.code))

describe('a cached critic', () => {
  test('asks for what is not known, once, and keeps the order', async () => {
    const inner = critic()
    const one = cached(inner, new CritiqueFile(file))
    expect(quotes(await ask(one, ['b', 'd', 'b']))).toEqual(['b', 'd', 'b'])
    expect(inner.asked).toEqual(['b', 'd'])
    const again = cached(inner, new CritiqueFile(file))
    expect(quotes(await ask(again, ['a', 'b', 'c', 'd', 'a']))).toEqual(['a', 'b', 'c', 'd', 'a'])
    expect(inner.asked).toEqual(['b', 'd', 'a', 'c'])
  })

  test('says the cost once', async () => {
    const one = cached(critic(), new CritiqueFile(file))
    expect((await ask(one, ['a']))[0].cost).toEqual({ newTokens: 5 })
    expect((await ask(one, ['a']))[0]).toEqual(saying('a'))
  })

  test('keeps no failure', async () => {
    const inner = critic()
    for (let i = 0; i < 2; i++)
      expect(quotes(await ask(cached(inner, new CritiqueFile(file)), ['bad', 'a', 'bad']))).toEqual([
        ...['critic-failed', 'a', 'critic-failed']
      ])
    expect(inner.asked).toEqual(['bad', 'a', 'bad'])
    expect(readFileSync(file, 'utf8')).not.toContain('told to')
  })

  test('stops the critic when nobody listens any more, and keeps what was heard', async () => {
    const inner = critic()
    for await (const one of cached(inner, new CritiqueFile(file)).score(
      ['a', 'b', 'c'].map(inputOf),
      never
    )) {
      expect(one.status).toBe('ok')
      break
    }
    expect(inner.open).toBe(0)
    expect(new CritiqueFile(file).count).toBe(1)
  })

  test('a critic that says too little stays one that says too little', async () => {
    const short: Critic = {
      ...{ id: 'test', version: '1' },
      async *score() {
        await Promise.resolve()
        yield saying('a')
      }
    }
    expect(await ask(cached(short, new CritiqueFile(file)), ['a', 'b'])).toHaveLength(1)
  })
})

test('the key is of critic, version, prompt, answer and tests', () => {
  const { version, id } = critic()
  const input = inputOf('a')
  const keys = [
    critiqueKey({ id, version }, input),
    critiqueKey({ id, version: '2' }, input),
    critiqueKey({ id: 'other', version }, input),
    critiqueKey({ id, version }, { ...input, response: 'b' }),
    critiqueKey({ id, version }, { ...input, prompt: [{ role: 'system', content: 'Say it.' }] }),
    critiqueKey({ id, version }, { ...input, prompt: [] }),
    critiqueKey({ id, version }, { ...input, tests: { test: 'x', entryPoint: 'f' } }),
    critiqueKey({ id, version }, { ...input, tests: { test: 'x', entryPoint: 'g' } })
  ]
  expect(new Set(keys).size).toBe(keys.length)
  expect(critiqueKey(critic(), inputOf('a'))).toBe(keys[0])
})

describe('a file of critiques', () => {
  const fill = async (responses: readonly string[]): Promise<void> =>
    void (await ask(cached(critic(), new CritiqueFile(file)), responses))

  test('passes over what is damaged, counts it and asks again', async () => {
    await fill(['a', 'b', 'c'])
    const lines = readFileSync(file, 'utf8').split('\n')
    // A flipped word, a line of another shape, a torn one, binary, and the end cut off.
    lines[1] = lines[1].replace('"poor"', '"good"')
    const damage = ['{}', 'null', '{"key":', '\0\u0001']
    writeFileSync(file, [...damage, ...lines.slice(0, 2), lines[2].slice(0, -9)].join('\n'))
    const said: string[] = []
    const store = new CritiqueFile(file, (line) => said.push(line))
    expect([store.count, store.damaged]).toEqual([1, 6])
    expect(said).toHaveLength(1)
    const inner = critic()
    expect(quotes(await ask(cached(inner, store), ['a', 'b', 'c']))).toEqual(['a', 'b', 'c'])
    expect(inner.asked).toEqual(['b', 'c'])
    const mended = new CritiqueFile(file)
    expect(mended.count).toBe(3)
  })

  test.each(Array.from({ length: 20 }, (_, index) => index))(
    'cut anywhere, it never says what nobody said (%i)',
    async (share) => {
      await fill(['a', 'b'])
      const bytes = readFileSync(file)
      writeFileSync(file, bytes.subarray(0, Math.floor((bytes.length * share) / 20)))
      const store = new CritiqueFile(file)
      for (const response of ['a', 'b']) {
        const found = store.get(critiqueKey(critic(), inputOf(response)))
        if (found) expect(found).toEqual(saying(response))
      }
    }
  )

  test('an empty list of spans that nobody vouched for is damage', () => {
    const store = new CritiqueFile(file)
    store.put('a'.repeat(64), { status: 'ok', critique: 'x', spans: [] })
    expect(new CritiqueFile(file)).toMatchObject({ count: 0, damaged: 1 })
  })

  test('stays within its bound and keeps the newest', async () => {
    const responses = Array.from({ length: 200 }, (_, index) => `answer ${index}`)
    const bound = 10_000
    const store = new CritiqueFile(file, undefined, bound)
    for (const response of responses) {
      await ask(cached(critic(), store), [response])
      expect(statSync(file).size).toBeLessThanOrEqual(bound)
    }
    const kept = new CritiqueFile(file, undefined, bound)
    expect(kept.damaged).toBe(0)
    expect(kept.get(critiqueKey(critic(), inputOf('answer 199')))).toEqual(saying('answer 199'))
    expect(kept.get(critiqueKey(critic(), inputOf('answer 0')))).toBeUndefined()
    expect(kept.count).toBeGreaterThan(10)
  })

  test('of two programs that write at once, both are kept', async () => {
    const [one, other] = [new CritiqueFile(file), new CritiqueFile(file)]
    await ask(cached(critic(), one), ['a'])
    await ask(cached(critic(), other), ['b'])
    await ask(cached(critic(), one), ['c'])
    expect(new CritiqueFile(file)).toMatchObject({ count: 3, damaged: 0 })
  })

  test('that cannot be read or written costs nothing but asking again', async () => {
    const said: string[] = []
    const place = join(scratch, 'file-in-the-way')
    appendFileSync(place, 'x')
    const store = new CritiqueFile(join(place, 'critiques.jsonl'), (line) => said.push(line))
    const inner = critic()
    expect(quotes(await ask(cached(inner, store), ['a', 'b']))).toEqual(['a', 'b'])
    expect(said).toHaveLength(1)
    expect(existsSync(file)).toBe(false)
  })
})
