import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BudgetSpent, Limits } from '../../../../src/critics/llm/limits'
import { SpentFile, type Spent } from '../../../../src/critics/llm/spent'
import type { Failure } from '../../../../src/pipeline/failure'
import { askAll, criticAt, settingsFor } from './ask-all'
import { ChatServer, honestly } from './bad-server'
import { FakeClock } from './fake-clock'

const scratch = mkdtempSync(join(tmpdir(), 'critic-spent-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
let server: ChatServer
let file = ''
let number = 0
beforeEach(async () => {
  server = await new ChatServer(honestly).start()
  file = join(scratch, `${++number}.json`)
})
afterEach(() => server.stop())

const answers = Array.from({ length: 6 }, (_, index) => `answer ${index}`)
const written = (): Spent => JSON.parse(readFileSync(file, 'utf8')) as Spent
const open = (budget: object, concurrency = 1) =>
  criticAt(server.url, { budget, concurrency }, { spent: new SpentFile(file) })

describe('what was spent, in a file', () => {
  test.each([1, 4])('is gone at the next opening: requests, %i at a time', async (concurrency) => {
    await askAll(await open({ requests: 8 }, concurrency), answers)
    expect(written()).toMatchObject({ requests: 6 })
    const rest = await askAll(await open({ requests: 8 }, concurrency), answers)
    expect(server.asked).toHaveLength(8)
    expect(rest.filter(({ status }) => status === 'ok')).toHaveLength(2)
    expect(written()).toMatchObject({ requests: 8 })
    // A larger budget is what there is in all.
    await askAll(await open({ requests: 9 }, concurrency), answers)
    expect(server.asked).toHaveLength(9)
  })

  test('is settled by what the server counted', async () => {
    await askAll(await open({ tokens: 1_000_000 }), answers.slice(0, 2))
    // 70 tokens each.
    expect(written()).toMatchObject({ requests: 2, tokens: 140 })
    const [critique] = await askAll(await open({ tokens: 150 }), ['another'])
    expect(critique).toMatchObject({ status: 'failed', code: 'budget-spent' })
    expect(server.asked).toHaveLength(2)
  })

  test('says before a request leaves the most that it can take, which is what a killed opening has spent', async () => {
    const said: Spent[] = []
    server.behaviour = (...given) => {
      said.push(written())
      honestly(...given)
    }
    await askAll(await open({}), answers.slice(0, 3))
    expect(said.map(({ requests }) => requests)).toEqual([1, 2, 3])
    for (const [index, { tokens }] of said.entries()) expect(tokens).toBeGreaterThan(70 * index + 1024)
  })

  test('has the seconds of every opening', async () => {
    const clock = new FakeClock()
    const settings = settingsFor('http://127.0.0.1/v1', { budget: { seconds: 10 } })
    const { signal } = new AbortController()
    const first = new Limits(settings, clock, new SpentFile(file))
    const leave = await first.take(1, signal)
    clock.pass(6000)
    leave.settle(1)
    expect(written()).toMatchObject({ seconds: 6 })
    clock.pass(3_600_000)
    const second = new Limits(settings, clock, new SpentFile(file))
    expect((await second.take(1, signal)).seconds).toBeCloseTo(4)
    clock.pass(4000)
    await expect(second.take(1, signal)).rejects.toBeInstanceOf(BudgetSpent)
  })

  test.each(['', '{"version":1,"requests":3', '{}', '{"version":1,"requests":-1,"tokens":0,"seconds":0}'])(
    'refuses to begin where it is damaged: %s',
    (text) => {
      writeFileSync(file, text)
      expect(() => new SpentFile(file)).toThrow(
        expect.objectContaining({
          code: 'run-not-resumable',
          message: expect.stringContaining(`${file} is damaged`) as string
        }) as Failure
      )
    }
  )

  test('keeps a request that it cannot note from leaving', async () => {
    const critic = await criticAt(
      server.url,
      {},
      { spent: new SpentFile(join(scratch, 'no folder', 'spent.json')) }
    )
    await expect(askAll(critic, answers)).rejects.toMatchObject({
      message: expect.stringContaining('nothing more is asked') as string
    })
    expect(server.asked).toHaveLength(0)
    expect(existsSync(join(scratch, 'no folder'))).toBe(false)
  })
})
