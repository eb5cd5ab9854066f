import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'playwright/test'
import type { CriticView } from '../../src/contract/critic-views'
import type { RunConfigInput } from '../../src/contract/run-config'
import type { RunRecord } from '../../src/contract/run-record'
import { root, type Launched } from './support/launch'
import { call, launchReady } from './support/studio'

let launched: Launched
test.beforeAll(async () => {
  launched = await launchReady()
})
test.afterAll(async () => {
  await launched.app.close()
})

test('a critic trained in the window is measured, refused with its figure, and trains a run once the thresholds let it', async () => {
  const { page } = launched
  const trained = async (): Promise<CriticView> => {
    const found = (await call<CriticView[]>(page, 'critics.list', undefined)).find(
      ({ kind }) => kind === 'span-head'
    )
    if (!found) throw new Error('There is no span head in the list of critics.')
    return found
  }

  // Trained on the sample project's marks: too short to be any good.
  await page.keyboard.press('Control+3')
  await page.getByTestId('train-critic').click()
  await page.getByTestId('critic-kind').selectOption('span-head')
  await page.getByTestId('critic-steps').fill('8')
  await page.getByTestId('start-critic').click()
  const row = page.locator('[data-critic^="trained:"]')
  await expect(row).toContainText('has not been evaluated', { timeout: 60_000 })
  await expect(page.getByTestId('critic-work')).toHaveCount(0)

  // Measured against people.
  await row.getByTestId('open-critic').click()
  await page.keyboard.press('e')
  await expect(page.getByTestId('critic-figures')).toBeVisible({ timeout: 60_000 })
  await expect(page.getByTestId('critic-verdict')).toHaveText('! may not train')
  const { specification, version, evaluation } = await trained()
  const precision = evaluation?.quality.intervals['tokens.negative.precision']
  if (!precision || !version) throw new Error('The critic has marked nothing, or has no version.')
  expect(precision.low).toBeLessThan(0.5)

  // Refused by the form, with figure and threshold, and by the program behind it.
  const figure = `may be as low as ${Math.round(precision.low * 1000) / 10} %, below 50 %`
  await page.keyboard.press('Control+Shift+N')
  await page.getByTestId('source-rollouts').check()
  await page.getByTestId('critic-choice').selectOption(specification)
  await page.locator('#setting-steps').fill('2')
  await page.locator('#setting-batch').fill('4')
  await page.getByTestId('more-settings').evaluate((details) => details.setAttribute('open', ''))
  await page.locator('[id="setting-sampling.maxNewTokens"]').fill('16')
  const gate = page.getByTestId('critic-gate')
  await expect(gate).toHaveAttribute('data-passed', 'false')
  await expect(gate).toContainText(figure)
  await expect(page.getByTestId('plan-memory')).toBeVisible()
  await expect(page.getByTestId('run-start')).toBeDisabled()
  const config: RunConfigInput = {
    ...{ version: 1, model: join(root, 'resources/starter-model'), source: 'rollouts' },
    ...{ prompts: { project: 'split:train' }, critic: specification, batch: 4, steps: 2 }
  }
  await expect(call(page, 'runs.start', { config })).rejects.toThrow(/critic-not-trusted.*may be as low as/)
  expect(await call<unknown[]>(page, 'runs.list', undefined)).toEqual([])

  // Its figures stay what they are; what they are held against changes.
  await page.keyboard.press('Control+3')
  await page.keyboard.press('h')
  const loose = { poorPrecision: 0, poorF1: 0, failures: 100, signFlip: 100, documents: 1 }
  for (const [name, value] of Object.entries(loose))
    await page.getByTestId(`threshold-${name}`).fill(String(value))
  await page.getByTestId('save-thresholds').click()
  await expect(row).toContainText('✓ may train')

  await page.keyboard.press('Control+Shift+N')
  await expect(page.getByTestId('critic-choice')).toHaveValue(specification)
  await expect(gate).toHaveAttribute('data-passed', 'true')
  await page.getByTestId('run-start').click()
  await expect(page.getByTestId('run-page')).toHaveAttribute('data-state', 'finished', { timeout: 60_000 })
  await expect(page.getByTestId('run-critic-gate')).toContainText('passes the project’s thresholds')

  const [{ dir }] = await call<{ dir: string }[]>(page, 'runs.list', undefined)
  const record = JSON.parse(readFileSync(join(dir, 'run.json'), 'utf8')) as RunRecord['config'] & RunRecord
  expect(record.critic).toBe(specification)
  expect(record.resolved.hashes.critic).toBe(version)
  expect(record.resolved.criticGate).toEqual({
    by: 'evaluation',
    passed: true,
    because: 'It passes the project’s thresholds on the test split.',
    evaluation: {
      criticVersion: version,
      splitSha256: evaluation?.splitSha256,
      evaluatedAt: evaluation?.evaluatedAt
    },
    override: null,
    thresholds: { poorPrecision: 0, poorF1: 0, failures: 1, signFlip: 1, documents: 1 }
  })
  // The critic's own words, on every answer of the two steps.
  const samples = readFileSync(join(dir, 'samples.jsonl'), 'utf8').trimEnd().split('\n')
  const judged = samples.map((line) => JSON.parse(line) as { status: string; critique: string })
  expect(judged.map(({ status }) => status)).toEqual(Array(8).fill('ok'))
})
