import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'playwright/test'
import { ChatServer, honestly } from '../pure/critics/llm/bad-server'
import type { Launched } from './support/launch'
import { call, launchReady } from './support/studio'

let launched: Launched
const server = new ChatServer(honestly)
test.beforeAll(async () => {
  await server.start()
  launched = await launchReady()
})
test.afterAll(async () => {
  await launched.app.close()
  server.stop()
})

test('a critic that has not passed is refused, overridden with a reason, shown what it is sent, and trains', async () => {
  const { page } = launched
  server.asked.length = 0
  await page.keyboard.press('Control+Shift+N')
  await page.getByTestId('source-rollouts').check()
  await page.getByTestId('critic-choice').selectOption('llm')
  await page.getByTestId('llm-path').fill(`${server.url}#judge`)
  await page.locator('#setting-steps').fill('1')
  await page.locator('#setting-batch').fill('4')
  await page.getByTestId('more-settings').evaluate((details) => details.setAttribute('open', ''))
  await page.locator('[id="setting-sampling.maxNewTokens"]').fill('16')
  const gate = page.getByTestId('critic-gate')
  await expect(gate).toHaveAttribute('data-passed', 'false')
  await expect(gate).toContainText('has not been evaluated')
  await expect(page.getByTestId('plan-memory')).toBeVisible()
  await expect(page.getByTestId('run-start')).toBeDisabled()

  await page.getByTestId('override-gate').click()
  await expect(page.getByTestId('override-reason')).toBeFocused()
  await expect(page.getByTestId('run-start')).toBeDisabled()
  await page.keyboard.type('A trial of the server.')
  await expect(page.getByTestId('run-start')).toBeEnabled()
  await page.getByTestId('run-start').click()
  await expect(page.getByTestId('sending')).toContainText('4 to')
  await expect(page.getByTestId('first-request')).toContainText('{{answer}}')
  await page.getByTestId('cancel-sending').click()
  await expect(page.getByTestId('sending')).toHaveCount(0)
  expect(await call<unknown[]>(page, 'runs.list', undefined)).toEqual([])
  expect(server.asked).toHaveLength(0)

  await page.getByTestId('run-start').click()
  await page.getByTestId('sending').waitFor()
  await page.keyboard.press('Control+Enter')
  await expect(page.getByTestId('run-page')).toHaveAttribute('data-state', 'finished', { timeout: 60_000 })
  await expect(page.getByTestId('run-critic-gate')).toContainText('“A trial of the server.”')
  expect(server.asked.length).toBeGreaterThan(0)
  const [{ dir }] = await call<{ dir: string }[]>(page, 'runs.list', undefined)
  const { resolved } = JSON.parse(readFileSync(join(dir, 'run.json'), 'utf8')) as {
    resolved: { criticGate: unknown }
  }
  expect(resolved.criticGate).toMatchObject({
    passed: false,
    override: { person: 'Ada', reason: 'A trial of the server.' }
  })
})

test('thresholds decide whether a critic may train, and remember who changed them', async () => {
  const { page } = launched
  const critic = `llm:${server.url}#measured`
  await page.keyboard.press('Control+3')
  await page.getByTestId('measure-critic').click()
  await page.getByTestId('measure-kind').selectOption('llm')
  await page.getByTestId('llm-path').fill(critic.slice('llm:'.length))
  await page.getByTestId('start-measure').click()
  await page.getByTestId('send').click()
  const row = page.locator(`[data-critic="${critic}"]`)
  await expect(row).toContainText('may not train', { timeout: 60_000 })
  await expect(row).toContainText('its precision on poor tokens may be as low as')

  await page.keyboard.press('h')
  const save = page.getByTestId('save-thresholds')
  await expect(page.getByTestId('threshold-poorPrecision')).toBeFocused()
  await page.getByTestId('threshold-poorPrecision').fill('101')
  await expect(page.getByTestId('threshold-poorPrecision')).toHaveAttribute('aria-invalid', 'true')
  await expect(save).toBeDisabled()
  const loose = { poorPrecision: 0, poorF1: 0, failures: 100, signFlip: 100, documents: 1 }
  for (const [name, value] of Object.entries(loose))
    await page.getByTestId(`threshold-${name}`).fill(String(value))
  await save.click()
  await expect(row).toContainText('✓ may train')
  const changes = page.getByTestId('threshold-changes')
  await changes.locator('summary').click()
  await expect(changes).toContainText('Precision on poor tokens ≥ 50 % → ≥ 0 %')
  await expect(changes).toContainText('Ada')
  await changes.getByRole('button').click()
  await expect(row).toContainText('may not train')
})

test('a host is refused with its remedy until the settings allow it, and nothing is sent', async () => {
  const { page } = launched
  const measure = async (): Promise<void> => {
    await page.keyboard.press('Control+3')
    await page.getByTestId('measure-critic').click()
    await page.getByTestId('measure-kind').selectOption('llm')
    await page.getByTestId('llm-path').fill('https://judge.invalid/v1#judge')
    await page.getByTestId('start-measure').click()
    await page.getByTestId('sending').waitFor()
  }
  await measure()
  await expect(page.getByTestId('failure')).toHaveAttribute('data-code', 'host-not-allowed')
  await expect(page.getByTestId('send')).toHaveCount(0)
  await page.getByTestId('allow-in-settings').click()
  await expect(page.getByTestId('host-name')).toHaveValue('judge.invalid')
  await page.getByTestId('allow-host').click()
  await expect(page.getByTestId('allowed-hosts')).toContainText('judge.invalid')
  await page.keyboard.press('Escape')
  await measure()
  await expect(page.getByTestId('sending')).toContainText('the settings allow it')
  await expect(page.getByTestId('send')).toBeEnabled()
  await page.keyboard.press('Escape')
  await expect(page.getByTestId('sending')).toHaveCount(0)
  await expect(page.getByTestId('critic-work')).toHaveCount(0)
})
