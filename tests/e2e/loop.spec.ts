import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'playwright/test'
import { downloadsGoTo, launchReady, saveDialogGives } from './support/studio'

test('the whole loop: mark, see the tokens, train, watch, stop, take up again, review', async () => {
  test.setTimeout(180_000)
  const { app, page, userData } = await launchReady()

  // Annotate: an answer of the sample project that nobody has read.
  await page.getByTestId('filter-unread').click()
  await page.getByTestId('answer').waitFor()
  await page.getByTestId('queue-row').first().click()
  await expect(page.getByTestId('answer-status')).toHaveText('Unread')
  await page.getByTestId('answer').focus()
  for (const key of ['Control+Home', 'Control+Shift+ArrowRight', 'Control+Shift+ArrowRight', 'g'])
    await page.keyboard.press(key)
  await page.keyboard.type('So it is on the card.')
  await page.keyboard.press('Control+Enter')

  // Align: its reward stands on its tokens.
  await page.keyboard.press('t')
  const strip = page.getByTestId('token-strip')
  await expect(strip).toHaveAttribute('data-rewards', /0\.\d|1/)
  await page.keyboard.press('Control+Enter')
  await page.keyboard.press('Control+2')
  await expect(page.getByTestId('coverage')).toContainText('answers with marks')

  // Reward: who may train.
  await page.keyboard.press('Control+3')
  await expect(page.getByTestId('critic').first()).toContainText('may train')

  // Optimise: the plan counts the answer that was just submitted, then the run goes.
  await page.keyboard.press('Control+Shift+N')
  await expect(page.getByTestId('run-plan')).toContainText('Answers to train on')
  await page.locator('#setting-steps').fill('400')
  await page.locator('#setting-batch').fill('8')
  await expect(page.getByTestId('run-start')).toBeEnabled()
  await page.keyboard.press('Control+Enter')
  const run = page.getByTestId('run-page')
  await expect(run).toHaveAttribute('data-state', 'running')
  await expect(page.getByTestId('chart-reward')).toBeVisible({ timeout: 30_000 })
  await expect(page.getByTestId('sample').first()).toBeVisible()
  await expect(page.getByTestId('run-chip')).toBeVisible()

  await page.getByTestId('run-pause').click()
  await expect(run).toHaveAttribute('data-state', 'paused')
  await page.getByTestId('run-continue').click()
  await expect(run).toHaveAttribute('data-state', 'running')
  await page.getByTestId('run-stop').click()
  await expect(run).toHaveAttribute('data-state', 'stopped', { timeout: 30_000 })
  const stoppedAt = Number(await run.getAttribute('data-step'))
  expect(stoppedAt).toBeGreaterThan(0)
  expect(stoppedAt).toBeLessThan(400)

  await page.getByTestId('run-resume').click()
  await expect
    .poll(async () => Number(await run.getAttribute('data-step')), { timeout: 30_000 })
    .toBeGreaterThan(stoppedAt)
  await page.getByTestId('run-stop').click()
  await expect(run).toHaveAttribute('data-state', 'stopped', { timeout: 30_000 })

  // Every curve has its numbers, on the screen and in a file.
  const chart = page.getByTestId('chart-reward')
  await chart.getByRole('button', { name: /table/ }).click()
  await expect(chart.getByRole('table')).toContainText(/step/)
  const csv = join(userData, 'metrics.csv')
  await downloadsGoTo(app, csv)
  await page.getByTestId('metrics-csv').click()
  await expect
    .poll(() => (existsSync(csv) ? readFileSync(csv, 'utf8') : ''))
    .toMatch(/^step,.*reward\/mean.*\n1,/)

  // Review: the same prompts before and after, signed, and the report.
  await page.getByTestId('run-review').click()
  await expect(page.getByTestId('review-pair').first()).toBeVisible({ timeout: 60_000 })
  await expect(page.getByTestId('signatures')).toContainText(/after [0-9a-f]{12}/)
  const report = join(userData, 'report.html')
  await saveDialogGives(app, report)
  await page.getByTestId('report').click()
  await expect(page.getByTestId('notice').last()).toContainText('report.html')
  expect(readFileSync(report, 'utf8')).toContain('reward/mean')
  await app.close()
})
