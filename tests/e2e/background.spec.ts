import { spawn } from 'node:child_process'
import { join } from 'node:path'
import electronPath from 'electron'
import { expect, test, type Page } from 'playwright/test'
import type { RunView } from '../../src/contract/ipc'
import type { Outcome } from '../../src/contract/errors'
import { launch, root } from './support/launch'
import { text2grad } from './support/project'

interface Asked {
  studio: { call: (name: string, input: unknown) => Promise<Outcome<never>> }
}

/** Asks as the window itself does. @throws when the answer is a failure */
async function ask<T>(page: Page, name: string, input: unknown): Promise<T> {
  const outcome = await page.evaluate(
    ([route, value]) => (globalThis as unknown as Asked).studio.call(route as string, value),
    [name, input]
  )
  if (!outcome.ok) throw new Error(`${name}: ${outcome.error.code}: ${outcome.error.message}`)
  return outcome.value
}

const config = {
  version: 1,
  model: join(root, 'resources/starter-model'),
  source: 'annotated',
  algorithm: { name: 'span-offline' },
  threads: 1,
  batch: 4,
  steps: 5000
}

test('a run goes on behind a closed window, which comes back when the program is started again', async () => {
  const { app, page, userData } = await launch()
  const run = await ask<RunView>(page, 'runs.start', { config })
  const state = async () =>
    (await ask<{ run: RunView }>(page, 'runs.show', { runId: run.runId, fromStep: 0 })).run
  await expect.poll(async () => (await state()).step, { timeout: 60_000 }).toBeGreaterThan(0)

  const second = page.evaluate(
    ([input]) => (globalThis as unknown as Asked).studio.call('runs.start', input),
    [{ config }]
  )
  expect(await second).toMatchObject({ ok: false, error: { code: 'trainer-busy' } })

  await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0].close())
  const visible = () =>
    app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().map((w) => w.isVisible()))
  expect(await visible()).toEqual([false])
  const before = (await state()).step
  await expect.poll(async () => (await state()).step).toBeGreaterThan(before)

  const again = spawn(electronPath as unknown as string, ['--no-sandbox', root], {
    env: { ...process.env, TEXT2GRAD_USER_DATA: userData },
    stdio: 'ignore'
  })
  await new Promise((resolve) => again.on('close', resolve))
  await expect.poll(visible).toEqual([true])

  await ask(page, 'runs.stop', { runId: run.runId })
  await expect.poll(async () => (await state()).state, { timeout: 30_000 }).toBe('stopped')
  await app.close()
})

test('quitting stops a run with a checkpoint', async () => {
  const { app, page } = await launch()
  const run = await ask<RunView>(page, 'runs.start', { config })
  const shown = () => ask<{ run: RunView }>(page, 'runs.show', { runId: run.runId, fromStep: 0 })
  await expect.poll(async () => (await shown()).run.step, { timeout: 60_000 }).toBeGreaterThan(0)
  await app.close()
  const left = JSON.parse(text2grad('run', 'show', run.dir, '--json')) as Record<string, unknown>
  expect(left.state).toBe('stopped')
  expect(left.checkpoint).toEqual(expect.stringContaining('checkpoints'))
})
