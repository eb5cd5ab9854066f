import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Failure } from '../../../../src/pipeline/failure'
import { inOrder } from '../../../../src/critics/llm/in-order'
import { BudgetSpent, Limits } from '../../../../src/critics/llm/limits'
import { messagesFor, mostTokens } from '../../../../src/critics/llm/request'
import { retryWait } from '../../../../src/critics/llm/retry-wait'
import { askAll, criticAt, settingsFor } from './ask-all'
import { ChatServer, completion, honest, honestly, json, replies, responseIn } from './bad-server'
import { FakeClock } from './fake-clock'

let server: ChatServer
beforeEach(async () => void (server = await new ChatServer(honestly).start()))
afterEach(() => server.stop())

const answers = Array.from({ length: 12 }, (_, index) => `answer ${index}`)
const codes = (critiques: readonly { status: string; code?: string }[]): string[] =>
  critiques.map(({ status, code }) => code ?? status)

describe.each([1, 4])('a budget, %i requests at a time', (concurrency) => {
  test('of requests is never exceeded, retries and refused forms included', async () => {
    server.behaviour = (...given) => (given[2] % 2 === 0 ? replies('no')(...given) : honestly(...given))
    const critic = await criticAt(server.url, { concurrency, budget: { requests: 7 } })
    const critiques = await askAll(critic, answers)
    expect(server.asked).toHaveLength(7)
    expect(critiques).toHaveLength(answers.length)
    expect(codes(critiques).filter((code) => code === 'ok').length).toBeLessThanOrEqual(3)
    expect(codes(critiques).at(-1)).toBe('budget-spent')
    // The budget is that of the opening, not of one call.
    expect(codes(await askAll(critic, ['another']))).toEqual(['budget-spent'])
    expect(server.asked).toHaveLength(7)
  })

  test('of tokens is never exceeded: what is on its way is reserved at the most it can be', async () => {
    const most = mostTokens(
      messagesFor({ prompt: [{ role: 'user', content: 'Say it.' }], response: answers[0] }),
      100
    )
    // Every request takes all that it may; the budget holds five of them and nearly a sixth.
    server.behaviour = (response, asked) =>
      json(response, completion(honest(responseIn(asked)), [most - 100, 100]))
    const budget = { tokens: most * 6 - 1 }
    const critic = await criticAt(server.url, { concurrency, maxTokens: 100, budget })
    const critiques = await askAll(critic, answers.slice(0, 10))
    expect(server.asked).toHaveLength(5)
    expect(codes(critiques).filter((code) => code === 'ok')).toHaveLength(5)
  })

  test('of tokens waits for what is on its way before it refuses: less was taken than reserved', async () => {
    const most = mostTokens(
      messagesFor({ prompt: [{ role: 'user', content: 'Say it.' }], response: answers[0] }),
      100
    )
    const critic = await criticAt(server.url, {
      concurrency,
      maxTokens: 100,
      budget: { tokens: most + 69 + 70 }
    })
    // 70 tokens each: at first one fits at a time, then two more, then none.
    expect(codes(await askAll(critic, answers.slice(0, 10)))).toEqual([
      ...['ok', 'ok'],
      ...Array.from({ length: 8 }, () => 'budget-spent')
    ])
  })
})

test('a budget of seconds ends the requests that are on their way', async () => {
  server.behaviour = () => undefined
  const critic = await criticAt(server.url, { budget: { seconds: 1 }, timeoutSeconds: 600 })
  const [first] = await askAll(critic, ['a'])
  expect(first).toMatchObject({ status: 'failed', code: 'budget-spent' })
})

test('a wait that the budget of seconds does not hold is not begun', async () => {
  const clock = new FakeClock()
  const limits = new Limits(settingsFor('http://127.0.0.1/v1', { budget: { seconds: 10 } }), clock)
  const { signal } = new AbortController()
  ;(await limits.take(1, signal)).settle(1)
  limits.holdBack(20_000)
  await expect(limits.take(1, signal)).rejects.toBeInstanceOf(BudgetSpent)
  expect(clock.waits).toEqual([])
})

test('no minute has more requests than the rate, whoever asks', async () => {
  const clock = new FakeClock()
  const limits = new Limits(settingsFor('http://127.0.0.1/v1', { requestsPerMinute: 5 }), clock)
  const times: number[] = []
  const ask = async (): Promise<void> => {
    for (let i = 0; i < 8; i++) {
      const leave = await limits.take(1, new AbortController().signal)
      times.push(clock.now())
      clock.pass(1700)
      leave.settle(1)
    }
  }
  await Promise.all([ask(), ask(), ask()])
  expect(times).toHaveLength(24)
  for (const [index, time] of times.entries())
    expect(time - (times[index - 5] ?? Number.NEGATIVE_INFINITY)).toBeGreaterThanOrEqual(60_000)
})

test('Retry-After holds everybody back, and a server that asks for too long has failed', async () => {
  const clock = new FakeClock()
  server.behaviour = (response, asked, index) => {
    if (index > 0) return honestly(response, asked, index)
    response.writeHead(429, { 'retry-after': '7' })
    response.end()
  }
  expect(codes(await askAll(await criticAt(server.url, {}, { clock }), ['a']))).toEqual(['ok'])
  expect(clock.waits.reduce((sum, wait) => sum + wait, 0)).toBeCloseTo(7000, 0)

  server.behaviour = (response) => {
    response.writeHead(429, { 'retry-after': '3600' })
    response.end()
  }
  const [critique] = await askAll(await criticAt(server.url, {}, { clock }), ['a'])
  expect(critique).toMatchObject({ status: 'failed', code: 'critic-unreachable' })
  expect(server.asked).toHaveLength(3)
})

test('waits for a server that stumbles double', async () => {
  const clock = new FakeClock()
  server.behaviour = (response) => json(response, {}, 500)
  await askAll(await criticAt(server.url, { retries: 6 }, { clock }), ['a'])
  expect(clock.waits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000])
})

test('Retry-After is read as seconds or as a date', () => {
  const now = Date.parse('Mon, 23 Nov 2026 12:00:00 GMT')
  expect(retryWait('120', now)).toBe(120_000)
  expect(retryWait('Mon, 23 Nov 2026 12:00:30 GMT', now)).toBe(30_000)
  expect(retryWait('Mon, 23 Nov 2026 11:00:00 GMT', now)).toBe(0)
  for (const nothing of [null, '', 'soon', '-']) expect(retryWait(nothing, now)).toBeNull()
})

test('many at a time: no more than that, every one in its place', async () => {
  const held: (() => void)[] = []
  server.behaviour = (...given) => {
    held.push(() => honestly(...given))
    // The first ones are answered last.
    if (held.length === 4) for (const answer of held.splice(0).reverse()) answer()
  }
  const responses = ['xa', 'xe', 'xi', 'xo', 'ya', 'ye', 'yi', 'yo']
  const critiques = await askAll(await criticAt(server.url, { concurrency: 4 }), responses)
  expect(critiques.map((one) => (one.status === 'ok' ? one.spans[0].quote : ''))).toEqual([...'aeioaeio'])
  expect(server.most).toBe(4)
})

test('what a critique took is said', async () => {
  server.behaviour = (...given) => (given[2] === 0 ? replies('no', [10, 5])(...given) : honestly(...given))
  const [critique] = await askAll(await criticAt(server.url), ['a'])
  expect(critique.cost).toMatchObject({ promptTokens: 60, newTokens: 25 })
})

describe('cancelling', () => {
  const inputs = answers.map((response) => ({ prompt: [], response }))

  test('ends a request that hangs at once, and gives nothing', async () => {
    const controller = new AbortController()
    let closed = 0
    server.behaviour = (response) => {
      response.on('close', () => closed++)
      if (server.asked.length === 3) controller.abort()
    }
    const critic = await criticAt(server.url, { concurrency: 3, timeoutSeconds: 3600 })
    await expect(askAll(critic, answers, controller.signal)).rejects.toMatchObject({
      code: 'cancelled'
    } satisfies Partial<Failure>)
    await expect.poll(() => closed).toBe(3)
    expect(server.asked).toHaveLength(3)
  })

  test('hears a signal that can only be looked at', async () => {
    // As a job's word is: taken once, and gone.
    let words: string[] = []
    const signal = {
      get aborted() {
        return words.pop() === 'stop'
      }
    }
    server.behaviour = () => (words = ['stop'])
    const critic = await criticAt(server.url, { timeoutSeconds: 3600 })
    await expect(askAll(critic, answers, signal)).rejects.toMatchObject({ code: 'cancelled' })
  })

  test('ends a wait for the rate', async () => {
    const controller = new AbortController()
    const critic = await criticAt(server.url, { requestsPerMinute: 1 }, { clock: undefined })
    server.behaviour = (...given) => {
      honestly(...given)
      setTimeout(() => controller.abort(), 20)
    }
    await expect(askAll(critic, answers, controller.signal)).rejects.toMatchObject({ code: 'cancelled' })
    expect(server.asked).toHaveLength(1)
  })

  test('whoever stops listening stops the asking', async () => {
    server.behaviour = (...given) => {
      if (given[2] === 0) honestly(...given)
    }
    const critic = await criticAt(server.url, { concurrency: 2, timeoutSeconds: 3600 })
    for await (const critique of critic.score(inputs, { aborted: false })) {
      expect(critique.status).toBe('ok')
      break
    }
    await expect.poll(() => server.openNow).toBe(0)
    expect(server.asked.length).toBeLessThanOrEqual(3)
  })

  test('work begins no further ahead than is asked for', async () => {
    let begun = 0
    const work = inOrder(inputs, 3, () => Promise.resolve(++begun), new AbortController())
    await work.next()
    expect(begun).toBe(3)
    await work.return(0)
    expect(begun).toBe(3)
  })
})
