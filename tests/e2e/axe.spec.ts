import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, type Page } from 'playwright/test'
import { violations } from './support/axe'
import type { Launched } from './support/launch'
import { call, launchReady } from './support/studio'

const views: readonly { name: string; show: (page: Page) => Promise<void> }[] = [
  {
    name: 'annotate with tokens',
    show: async (page) => {
      await page.keyboard.press('Control+1')
      await page.getByTestId('answer').waitFor()
      if ((await page.getByTestId('token-strip').count()) === 0)
        await page.getByTestId('toggle-strip').click()
      await page.getByTestId('token').first().waitFor()
      await page.getByTestId('answer').focus()
      await page.keyboard.press('Tab')
    }
  },
  {
    name: 'align',
    show: async (page) => {
      await page.keyboard.press('Control+2')
      await page.getByTestId('coverage').waitFor()
    }
  },
  {
    name: 'reward',
    show: async (page) => {
      await page.keyboard.press('Control+3')
      await page.getByTestId('rewards-by-polarity').waitFor()
    }
  },
  {
    name: 'thresholds and another critic',
    show: async (page) => {
      await page.getByTestId('measure-critic').click()
      await page.getByTestId('measure-form').waitFor()
      await page.getByTestId('change-thresholds').click()
      await page.getByTestId('threshold-poorF1').fill('101')
    }
  },
  {
    name: 'critic',
    show: async (page) => {
      await page.getByTestId('train-critic').click()
      await page.getByTestId('train-critic-form').waitFor()
      await page.getByTestId('open-critic').first().click()
      await page.getByTestId('calibration').waitFor()
      await page.getByTestId('judged-answer').first().waitFor()
    }
  },
  {
    name: 'correction',
    show: async (page) => {
      await page.getByTestId('judged-answer').first().click()
      await page.getByTestId('mark').first().waitFor()
    }
  },
  {
    name: 'runs',
    show: async (page) => {
      await page.keyboard.press('Control+4')
      await page.getByTestId('run-row').first().waitFor()
    }
  },
  {
    name: 'new run',
    show: async (page) => {
      await page.keyboard.press('Control+Shift+N')
      await page.getByTestId('source-annotated').check()
      await page.getByTestId('more-settings').evaluate((details) => details.setAttribute('open', ''))
      await page.getByTestId('plan-memory').waitFor()
      await expect(page.getByTestId('run-start')).toBeEnabled()
    }
  },
  {
    name: 'new run whose critic has not passed',
    show: async (page) => {
      await page.getByTestId('source-rollouts').check()
      await page.getByTestId('critic-choice').selectOption('llm')
      await page.getByTestId('llm-path').fill('http://127.0.0.1:1/v1#judge')
      await expect(page.getByTestId('critic-gate')).toHaveAttribute('data-passed', 'false')
      await page.getByTestId('override-gate').or(page.getByTestId('override-reason')).click()
      await page.getByTestId('override-reason').fill('A trial.')
      await expect(page.getByTestId('run-start')).toBeEnabled()
    }
  },
  {
    name: 'what would be sent',
    show: async (page) => {
      await page.getByTestId('run-start').click()
      await page.getByTestId('first-request').waitFor()
    }
  },
  {
    name: 'run',
    show: async (page) => {
      await page.keyboard.press('Escape')
      await page.keyboard.press('Control+4')
      await page.getByTestId('open-run').first().click()
      await page.getByTestId('sample').first().waitFor()
      // One chart as its table.
      await page.getByTestId('chart-kl').getByRole('button', { name: /table/ }).click()
    }
  },
  {
    name: 'compare',
    show: async (page) => {
      await page.keyboard.press('Control+4')
      for (const box of await page.getByRole('checkbox', { name: /Compare/ }).all()) await box.check()
      await page.getByTestId('compare').click()
      await expect(page.getByTestId('differences')).toContainText('seed')
    }
  },
  {
    name: 'review',
    show: async (page) => {
      await page.keyboard.press('Control+5')
      await page.getByTestId('review-pair').first().waitFor()
    }
  },
  {
    name: 'palette',
    show: async (page) => {
      await page.keyboard.press('Control+k')
      await page.getByTestId('palette').waitFor()
    }
  },
  {
    name: 'keys',
    show: async (page) => {
      await page.keyboard.press('Escape')
      await page.keyboard.press('Control+3')
      await page.keyboard.press('?')
      await page.getByTestId('key-sheet').waitFor()
    }
  },
  {
    name: 'settings',
    show: async (page) => {
      await page.keyboard.press('Escape')
      await page.keyboard.press('Control+,')
      await page.getByTestId('settings').waitFor()
    }
  }
]

let launched: Launched
test.beforeAll(async () => {
  launched = await launchReady()
  const { page, userData } = launched
  const [model] = await call<{ dir: string }[]>(page, 'models.list', undefined)
  const config = {
    version: 1,
    model: model.dir,
    source: 'annotated',
    algorithm: { name: 'span-offline' },
    steps: 3,
    batch: 4
  }
  const rules = join(userData, 'words.json')
  const rule = { pattern: '\\bthe\\b', flags: 'i', scope: 'match', polarity: -1, reason: 'an article' }
  writeFileSync(rules, JSON.stringify({ version: 1, rules: [rule] }))
  await call(page, 'critics.evaluate', { critic: `rules:${rules}`, split: 'test' })
  await call(page, 'critics.predict', { critic: `rules:${rules}`, split: 'all' })
  await page.keyboard.press('Control+4')
  for (const seed of [1, 2]) {
    await call(page, 'runs.start', { config: { ...config, seed } })
    await expect(page.locator('[data-testid=run-row][data-state=finished]')).toHaveCount(seed, {
      timeout: 60_000
    })
  }
})
test.afterAll(() => launched.app.close())

for (const theme of ['light', 'dark'] as const)
  test(`axe finds nothing in any view, ${theme}`, async () => {
    test.setTimeout(10_000 * views.length)
    const { page } = launched
    await page.keyboard.press('Control+,')
    await page.getByTestId(`theme-${theme}`).click()
    await page.keyboard.press('Escape')
    await expect(page.locator('html')).toHaveAttribute('data-theme', theme)
    for (const { name, show } of views)
      await test.step(name, async () => {
        await show(page)
        // Colours are judged when they have settled.
        await page.waitForTimeout(150)
        expect.soft(await violations(page)).toEqual([])
      })
    await page.keyboard.press('Escape')
  })
