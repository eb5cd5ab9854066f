import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { openCritic } from '../../../../src/critics'
import { llmCritic, versionOf } from '../../../../src/critics/llm/critic'
import { checkEndpoint, isLoopback } from '../../../../src/critics/llm/host'
import { readLlmSettings } from '../../../../src/critics/llm/settings'
import { askAll, criticAt, settingsFor } from './ask-all'
import { ChatServer, honestly } from './bad-server'

afterEach(() => void vi.restoreAllMocks())

const noNames = (name: string): Promise<string[]> => Promise.reject(new Error(`${name} was looked up`))

describe('this machine', () => {
  test.each([
    ['http://127.0.0.1:8000/v1', ['127.0.0.1']],
    ['http://127.8.9.10/v1/', ['127.8.9.10']],
    ['http://[::1]:8000/v1', ['::1']],
    ['http://LocalHost:8000/v1', ['127.0.0.1', '::1']],
    ['http://localhost./v1', ['127.0.0.1', '::1']],
    ['http://2130706433/v1', ['127.0.0.1']],
    ['http://[::ffff:127.0.0.1]/v1', ['::ffff:7f00:1']]
  ])('%s needs no permission, and no name is looked up', async (url, addresses) => {
    const endpoint = await checkEndpoint(url, [], noNames)
    expect(endpoint).toMatchObject({ addresses, loopback: true, path: '/v1/chat/completions' })
  })
})

describe('other hosts', () => {
  test.each([
    'http://192.168.1.5:8000/v1',
    'http://0.0.0.0:8000/v1',
    'http://[::]/v1',
    'http://10.0.0.1/v1',
    'http://128.0.0.1/v1',
    'https://api.example/v1',
    'http://localhost.example/v1',
    'http://127.0.0.1.example/v1',
    'http://app.localhost/v1',
    'http://[::ffff:10.0.0.1]/v1'
  ])('%s needs permission', async (url) => {
    const toHere = (): Promise<string[]> => Promise.resolve(['127.0.0.1'])
    await expect(checkEndpoint(url, ['other.example'], toHere)).rejects.toMatchObject({
      code: 'host-not-allowed'
    })
  })

  test('an allowed one is looked up once, and its addresses are what is connected to', async () => {
    const server = await new ChatServer(honestly).start()
    const connected: unknown[] = []
    const connect = Socket.prototype.connect
    vi.spyOn(Socket.prototype, 'connect').mockImplementation(function (this: Socket, ...words: unknown[]) {
      connected.push((words.flat() as { host?: string }[])[0].host)
      return Reflect.apply(connect, this, words) as Socket
    })
    // A name server that answers with another machine from the second time on.
    let asked = 0
    const rebinding = (): Promise<string[]> => Promise.resolve([asked++ === 0 ? '127.0.0.1' : '192.0.2.1'])
    const options = { allowedHosts: ['Model.Example.'], resolve: rebinding }
    const critic = await criticAt(`http://model.example:${server.port}/v1`, {}, options)
    const critiques = await askAll(critic, ['a', 'e'])
    server.stop()
    expect(critiques.map(({ status }) => status)).toEqual(['ok', 'ok'])
    expect(asked).toBe(1)
    expect(connected).toEqual(['127.0.0.1', '127.0.0.1'])
    expect(server.asked[0].headers.host).toBe(`model.example:${server.port}`)
  })

  test('permission is for that host alone', async () => {
    const resolve = (): Promise<string[]> => Promise.resolve(['192.0.2.1'])
    await expect(checkEndpoint('https://a.example/v1', ['a.example'], resolve)).resolves.toMatchObject({
      loopback: false,
      addresses: ['192.0.2.1']
    })
    for (const url of ['https://b.a.example/v1', 'https://a.example.org/v1', 'https://xa.example/v1'])
      await expect(checkEndpoint(url, ['a.example'], resolve)).rejects.toMatchObject({
        code: 'host-not-allowed'
      })
  })

  test('one that has no address is named', async () => {
    await expect(checkEndpoint('https://a.example/v1', ['a.example'], noNames)).rejects.toMatchObject({
      code: 'critic-unreachable',
      message: expect.stringContaining('a.example') as string
    })
  })

  test('are refused before anything is sent, by openCritic too', async () => {
    await expect(openCritic('llm:http://192.0.2.1/v1#test')).rejects.toMatchObject({
      code: 'host-not-allowed'
    })
  })
})

test.each([
  ['ftp://127.0.0.1/v1'],
  ['http://name:word@127.0.0.1/v1'],
  ['http://127.0.0.1/v1?key=1'],
  ['nonsense']
])('%s is no address for a critic', async (url) => {
  await expect(llmCritic(settingsFor(url))).rejects.toMatchObject({ code: 'bad-configuration' })
})

test('isLoopback knows addresses and no names', () => {
  expect(['127.0.0.1', '127.255.0.9', '::1', '::ffff:127.0.0.1'].every(isLoopback)).toBe(true)
  expect(['localhost', '128.0.0.1', '::2', '', '0.0.0.0', '::'].some(isLoopback)).toBe(false)
})

describe('settings', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'llm-settings-'))
  afterAll(() => rmSync(scratch, { recursive: true, force: true }))

  test('from URL#MODEL, whatever the model is called', async () => {
    expect(await readLlmSettings('http://127.0.0.1:11434/v1#Qwen/Qwen3-8B:q4#1')).toMatchObject({
      url: 'http://127.0.0.1:11434/v1',
      model: 'Qwen/Qwen3-8B:q4#1',
      temperature: 0
    })
    for (const what of ['http://127.0.0.1/v1', 'http://127.0.0.1/v1#'])
      await expect(readLlmSettings(what)).rejects.toMatchObject({ code: 'bad-configuration' })
  })

  test('from a file, which is refused with what is wrong in it', async () => {
    const file = join(scratch, 'critic.json')
    const whole = { version: 1, url: 'http://127.0.0.1/v1', model: 'm' }
    writeFileSync(file, '\ufeff' + JSON.stringify({ ...whole, concurrency: 4 }))
    expect(await readLlmSettings(file)).toMatchObject({ concurrency: 4, retries: 3 })
    writeFileSync(file, JSON.stringify({ ...whole, apiKey: 'secret' }))
    await expect(readLlmSettings(file)).rejects.toMatchObject({
      code: 'bad-configuration',
      message: expect.stringMatching(/critic\.json.*"apiKey"/) as string
    })
    writeFileSync(file, '{"version":1')
    await expect(readLlmSettings(file)).rejects.toMatchObject({ code: 'bad-json' })
    writeFileSync(file, '')
    await expect(readLlmSettings(file)).rejects.toMatchObject({ code: 'empty-file' })
    await expect(readLlmSettings(join(scratch, 'none.json'))).rejects.toMatchObject({ code: 'not-found' })
  })
})

test('a key comes from the environment, and goes nowhere but to the server', async () => {
  const server = await new ChatServer(honestly).start()
  const lines: string[] = []
  const more = { apiKeyVariable: 'CRITIC_KEY' }
  const options = { environment: { CRITIC_KEY: ' s3cret\n' }, log: (line: string) => lines.push(line) }
  const critic = await criticAt(server.url, more, options)
  const critiques = await askAll(critic, ['a'])
  server.stop()
  expect(server.asked[0].headers.authorization).toBe('Bearer s3cret')
  expect(JSON.stringify([critiques, lines, critic, server.asked[0].body])).not.toContain('s3cret')
  await expect(criticAt(server.url, more, { environment: {} })).rejects.toMatchObject({
    code: 'bad-configuration',
    message: expect.stringContaining('CRITIC_KEY') as string
  })
})

test('the version is of what a critique depends on', () => {
  const url = 'http://127.0.0.1/v1'
  const version = versionOf(settingsFor(url))
  expect(version).toMatch(/^[0-9a-f]{16}$/)
  expect(versionOf(settingsFor(url, { retries: 9, concurrency: 4, budget: { requests: 1 } }))).toBe(version)
  const others = [{ model: 'b' }, { temperature: 1 }, { seed: 2 }, { maxTokens: 99 }].map((more) =>
    versionOf(settingsFor(url, more))
  )
  expect(new Set([version, versionOf(settingsFor('http://127.0.0.1:1/v1')), ...others]).size).toBe(6)
})
