import { afterAll, beforeAll, expect, test } from 'vitest'
import { openCritic } from '../../../../src/critics'
import { previewCritic } from '../../../../src/critics/llm/preview'
import { askAll, settingsFor } from './ask-all'
import { previewLlm } from '../../../../src/critics/llm/preview'
import { ChatServer, honestly } from './bad-server'

const server = new ChatServer(honestly)
beforeAll(async () => void (await server.start()))
afterAll(() => server.stop())

const inputs = ['the first', 'the second'].map((response) => ({
  prompt: [{ role: 'user' as const, content: 'Say it.' }],
  response
}))

test('the first request is shown as it is sent, to the letter, and nothing is sent', async () => {
  const specification = `llm:${server.url}#test`
  const preview = await previewCritic(specification, inputs)
  expect(server.asked).toHaveLength(0)
  await askAll(await openCritic(specification), ['the first'])
  expect(server.asked[0].text).toBe(preview?.request)
  expect(preview?.url).toBe(`${server.url}/chat/completions`)
  expect(preview).toMatchObject({ answers: 2, loopback: true, allowed: true, requests: { least: 2 } })
})

test('says how many requests there can be, within the budget, and never the key', () => {
  const more = { retries: 3, budget: { requests: 10 }, apiKeyVariable: 'PATH' }
  const preview = previewLlm(settingsFor(server.url, more), inputs, { answers: 8 })
  expect(preview.requests).toEqual({ least: 8, most: 10 })
  expect(preview.apiKeyVariable).toBe('PATH')
  expect(JSON.stringify(preview)).not.toContain(process.env.PATH)
})

test('says whether the host is allowed', () => {
  const settings = settingsFor('https://model.example/v1')
  expect(previewLlm(settings, inputs, {})).toMatchObject({ loopback: false, allowed: false })
  expect(previewLlm(settings, inputs, { allowedHosts: ['model.example'] }).allowed).toBe(true)
})

test('other critics send nothing', async () => {
  for (const specification of ['rules:rules.json', 'tests', 'trained:critic'])
    expect(await previewCritic(specification, inputs)).toBeNull()
})
