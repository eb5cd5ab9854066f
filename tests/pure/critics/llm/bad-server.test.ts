import { Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { REPLY_LIMIT } from '../../../../src/critics/llm/exchange'
import { askAll, criticAt } from './ask-all'
import { ChatServer, completion, honest, honestly, json, replies, type Behaviour } from './bad-server'

const answer = 'The bridge was built in 1937, "they" say: \\ 👍🏽 and\nbuilt again.'
const good = honest(answer)

let server: ChatServer
/** Every address that anything connected to. */
let connected: string[] = []
const connect = Socket.prototype.connect
beforeEach(async () => {
  server = await new ChatServer(honestly).start()
  connected = []
  vi.spyOn(Socket.prototype, 'connect').mockImplementation(function (this: Socket, ...words: unknown[]) {
    const [options] = words.flat() as { host?: string; port?: number }[]
    connected.push(`${options.host}:${options.port}`)
    return Reflect.apply(connect, this, words) as Socket
  })
})
afterEach(() => {
  vi.restoreAllMocks()
  expect([...new Set(connected)]).toEqual(connected.length > 0 ? [`127.0.0.1:${server.port}`] : [])
  server.stop()
})

const text =
  (body: string | Buffer, type = 'application/json', status = 200): Behaviour =>
  (response) => {
    response.writeHead(status, { 'content-type': type })
    response.end(body)
  }
const status =
  (code: number, headers: Record<string, string> = {}): Behaviour =>
  (response) => {
    response.writeHead(code, { 'content-type': 'application/json', ...headers })
    response.end('{"error":{"message":"no"}}')
  }
const reply = (value: unknown): Behaviour => replies(JSON.stringify(value))
const span = { quote: 'built', occurrence: 1, polarity: 'poor', reason: 'twice' }

/** What is wrong, and the code that the answer fails with if it stays so. */
const wrongs: readonly (readonly [string, Behaviour, string])[] = [
  ['JSON that breaks off', text(JSON.stringify(completion(good)).slice(0, -20)), 'bad-reply'],
  ['a reply that breaks off', replies(good.slice(0, -3)), 'bad-reply'],
  ['a reply that was cut at its longest', cutShort, 'bad-reply'],
  ['a fenced reply', replies('```json\n' + good + '\n```'), 'bad-reply'],
  ['words around the reply', replies(`Here you are: ${good}`), 'bad-reply'],
  ['an empty reply', replies(''), 'bad-reply'],
  ['a quote that is not there', reply({ critique: 'x', spans: [{ ...span, quote: 'Novak' }] }), 'bad-reply'],
  ['a quote in another case', reply({ critique: 'x', spans: [{ ...span, quote: 'BUILT' }] }), 'bad-reply'],
  ['an occurrence too many', reply({ critique: 'x', spans: [{ ...span, occurrence: 3 }] }), 'bad-reply'],
  ['one wrong span of two', reply({ critique: 'x', spans: [span, { ...span, quote: '1938' }] }), 'bad-reply'],
  ['an unknown polarity', reply({ critique: 'x', spans: [{ ...span, polarity: 'bad' }] }), 'bad-reply'],
  ['an unknown key', reply({ critique: 'x', spans: [], score: 1 }), 'bad-reply'],
  ['silence', reply({ critique: ' ', spans: [] }), 'bad-reply'],
  ['no choices', (response) => json(response, { choices: [] }), 'bad-reply'],
  ['no content', (response) => json(response, { choices: [{ message: { content: null } }] }), 'bad-reply'],
  ['a web page', text('<html>hello</html>', 'text/html'), 'bad-reply'],
  ['JSON called text', text(JSON.stringify(completion(good)), 'text/plain'), 'bad-reply'],
  ['no content type', (response) => response.end(JSON.stringify(completion(good))), 'bad-reply'],
  ['invalid UTF-8', text(Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])), 'bad-reply'],
  ['status 429', status(429), 'critic-unreachable'],
  ['status 500', status(500), 'critic-unreachable'],
  ['status 503', status(503), 'critic-unreachable'],
  ['a connection that breaks', (response) => response.destroy(), 'critic-unreachable'],
  ['a reply that breaks off midway', breaksOff, 'critic-unreachable']
]

function cutShort(response: Parameters<Behaviour>[0]): void {
  const whole = completion(good) as { choices: { finish_reason: string }[] }
  whole.choices[0].finish_reason = 'length'
  json(response, whole)
}

function breaksOff(response: Parameters<Behaviour>[0]): void {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
  response.write('{"choices":', () => response.destroy())
}

describe.each(wrongs)('a server with %s', (_, wrong, code) => {
  test('once: the answer is asked about again, and judged', async () => {
    server.behaviour = (...given) => (given[2] === 0 ? wrong : honestly)(...given)
    const [critique] = await askAll(await criticAt(server.url), [answer])
    expect(critique).toMatchObject({ status: 'ok', critique: 'It has a vowel.' })
    expect(server.asked).toHaveLength(2)
  })

  test('always: the answer fails after the retries, and no span is kept', async () => {
    server.behaviour = wrong
    const [critique] = await askAll(await criticAt(server.url, { retries: 2 }), [answer])
    expect(critique).toMatchObject({ status: 'failed', code })
    expect(critique).not.toHaveProperty('spans')
    expect(server.asked).toHaveLength(3)
  })
})

test('a reply of 100 MB is cut off while it is read', async () => {
  const block = Buffer.alloc(64 * 1024, ' ')
  let sent = 0
  server.behaviour = (response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    const more = (): void => {
      while (sent < 100e6 && !response.destroyed) {
        sent += block.length
        if (!response.write(block)) return void response.once('drain', more)
      }
      response.end()
    }
    more()
  }
  const [critique] = await askAll(await criticAt(server.url, { retries: 0 }), [answer])
  expect(critique).toMatchObject({ status: 'failed', code: 'bad-reply' })
  expect(JSON.stringify(critique)).toContain(String(REPLY_LIMIT))
  // What was on its way in buffers, and not the rest.
  expect(sent).toBeLessThan(50e6)
})

test('a reply that says it has 100 MB is not read at all', async () => {
  server.behaviour = (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100000000' })
    response.write('{')
  }
  const [critique] = await askAll(await criticAt(server.url, { retries: 0 }), [answer])
  expect(critique).toMatchObject({ status: 'failed', code: 'bad-reply' })
})

test('a server that hangs, and one that trickles, run into the timeout', async () => {
  for (const slow of [
    () => undefined,
    ((response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const drip = setInterval(() => response.write(' '), 20)
      response.on('close', () => clearInterval(drip))
    }) satisfies Behaviour
  ]) {
    server.behaviour = slow
    const [critique] = await askAll(await criticAt(server.url, { retries: 1, timeoutSeconds: 0.3 }), [answer])
    expect(critique).toMatchObject({ status: 'failed', code: 'critic-unreachable' })
    expect(critique).toHaveProperty('reason', 'The server took more than 0.3 seconds.')
  }
  expect(server.asked).toHaveLength(4)
})

test('a reply in many small pieces, cut inside characters, is whole', async () => {
  server.behaviour = (response) => {
    const bytes = Buffer.from(JSON.stringify(completion(JSON.stringify({ critique: '👍🏽 é', spans: [] }))))
    response.writeHead(200, { 'content-type': 'application/json' })
    const next = (at: number): void => {
      if (at >= bytes.length) return void response.end()
      response.write(bytes.subarray(at, at + 1), () => next(at + 1))
    }
    next(0)
  }
  const [critique] = await askAll(await criticAt(server.url), [answer])
  expect(critique).toMatchObject({ status: 'ok', critique: '👍🏽 é', nothingNotable: true })
})

test.each([301, 302, 303, 307, 308])('redirect %i is not followed', async (code) => {
  const elsewhere = await new ChatServer(honestly).start()
  server.behaviour = status(code, { location: `${elsewhere.url}/chat/completions` })
  const [critique] = await askAll(await criticAt(server.url), [answer])
  expect(critique).toMatchObject({ status: 'failed', code: 'critic-unreachable' })
  expect(elsewhere.asked).toHaveLength(0)
  expect(server.asked).toHaveLength(1)
  elsewhere.stop()
})

test.each([401, 403, 404])('status %i is not asked again', async (code) => {
  server.behaviour = status(code)
  const [critique] = await askAll(await criticAt(server.url), [answer])
  expect(critique).toMatchObject({ status: 'failed', code: 'critic-unreachable' })
  expect(server.asked).toHaveLength(1)
})

test('proxies of the environment are not used', async () => {
  const proxy = 'http://127.0.0.1:9'
  for (const name of ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'ALL_PROXY']) vi.stubEnv(name, proxy)
  vi.stubEnv('NODE_USE_ENV_PROXY', '1')
  const [critique] = await askAll(await criticAt(server.url), [answer])
  vi.unstubAllEnvs()
  expect(critique.status).toBe('ok')
  expect(connected).toEqual([`127.0.0.1:${server.port}`])
})

test('what was wrong is said in the next request, with the reply', async () => {
  server.behaviour = (...given) =>
    (given[2] === 0 ? reply({ critique: 'x', spans: [{ ...span, quote: 'Novak' }] }) : honestly)(...given)
  await askAll(await criticAt(server.url), [answer])
  const [first, second] = server.asked.map(({ body }) => body.messages)
  expect(second.slice(0, first.length)).toEqual(first)
  expect(second.slice(first.length)).toEqual([
    { role: 'assistant', content: expect.stringContaining('Novak') as string },
    { role: 'user', content: expect.stringContaining('"Novak", is not in the response') as string }
  ])
})

test('a server without schemas is asked for an object, then for text, and this is said once', async () => {
  const refuses = ['json_schema', 'json_object']
  server.behaviour = (...given) =>
    (refuses.includes(given[1].body.response_format?.type ?? 'text') ? status(400) : honestly)(...given)
  const lines: string[] = []
  const critic = await criticAt(server.url, {}, { log: (line) => lines.push(line) })
  const critiques = await askAll(critic, [answer, answer])
  expect(critiques.map((one) => one.status)).toEqual(['ok', 'ok'])
  expect(server.asked.map(({ body }) => body.response_format?.type)).toEqual([
    ...['json_schema', 'json_object', undefined],
    undefined
  ])
  expect(lines).toHaveLength(1)
  expect(lines[0]).not.toContain('bridge')
})

test('a request that is refused for another reason does not give up the schema', async () => {
  server.behaviour = (...given) => (given[2] < 3 ? status(400) : honestly)(...given)
  const critiques = await askAll(await criticAt(server.url), [answer, answer])
  expect(critiques.map((one) => one.status)).toEqual(['failed', 'ok'])
  expect(server.asked[3].body.response_format?.type).toBe('json_schema')
})
