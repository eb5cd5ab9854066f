import { expect, test } from 'playwright/test'
import { freshUserData, launch } from './support/launch'
import { prepareSeat, ready, resize } from './support/studio'

test('a run that does not fit says what would, and starts only when told to; devices are tried', async () => {
  test.setTimeout(120_000)
  const userData = freshUserData()
  prepareSeat(userData, null, { theme: 'light' })
  const { app, page } = await launch(userData)
  await resize(app, 1440, 1000)
  await ready(page)

  await page.keyboard.press('Control+Shift+N')
  const memory = page.getByTestId('plan-memory')
  await expect(memory).toContainText(/\d+ MB of \d/)
  await page.getByTestId('plan-memory-parts').locator('summary').click()
  await expect(page.getByTestId('plan-memory-parts')).toContainText('Training step: activations')
  await expect(page.getByTestId('run-start')).toBeEnabled()
  await page.screenshot({ path: test.info().outputPath('fits.png') })

  // Only rollouts take as many answers a step as they are told.
  await page.getByTestId('source-rollouts').check()
  await page.getByTestId('rules-path').fill(`${process.cwd()}/resources/rules/praise.json`)
  await page.locator('#setting-batch').fill('200000')
  const advice = page.getByTestId('plan-memory-advice')
  await expect(advice).toContainText('answers a step', { timeout: 60_000 })
  await expect(page.getByTestId('run-start')).toBeDisabled()
  await page.screenshot({ path: test.info().outputPath('too-much.png') })
  await page.getByTestId('over-memory').check()
  await expect(page.getByTestId('run-start')).toBeEnabled()
  await page.locator('#setting-batch').fill('32')
  await expect(advice).toHaveCount(0)

  await page.getByTestId('more-settings').locator('summary').click()
  await page.locator('#setting-device').selectOption('cuda')
  await page.locator('#setting-fallback').scrollIntoViewIfNeeded()
  await page.screenshot({ path: test.info().outputPath('device.png') })

  await page.keyboard.press('Control+,')
  await page.getByTestId('gpu-pack').fill('/there/is/no/pack')
  await page.getByTestId('gpu-pack').blur()
  await page.getByTestId('try-devices').click()
  const devices = page.getByTestId('devices')
  await expect(devices).toContainText('cpu can be used', { timeout: 30_000 })
  await expect(devices).toContainText(/There is no folder \/there\/is\/no\/pack|linux\/x64 only/)
  await page.screenshot({ path: test.info().outputPath('devices.png') })
  await app.close()
})
