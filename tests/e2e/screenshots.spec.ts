import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test, type Page } from 'playwright/test'
import { freshUserData, launch, root, type Launched } from './support/launch'
import { text2grad } from './support/project'
import { call, prepareSeat, ready, resize } from './support/studio'

/**
 * A picture of every view, typical and odd, light and dark, small and large. They go to the test's own folder;
 * `TEXT2GRAD_SCREENSHOTS=docs/screenshots` puts those of the manual where the README looks for them.
 */
const manual = process.env.TEXT2GRAD_SCREENSHOTS
const mostBytes = 400_000

async function picture(page: Page, name: string, inManual = false): Promise<void> {
  const folder = manual && inManual ? resolve(root, manual) : test.info().outputDir
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${name}.png`)
  // Notices come and go; the pictures show the views.
  for (const notice of await page.getByLabel('Dismiss').all()) await notice.click()
  await page.mouse.move(2, 2)
  await page.waitForTimeout(200)
  await page.screenshot({ path: file })
  if (inManual) expect(statSync(file).size).toBeLessThan(mostBytes)
}

const widerThanWindow = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth)

test.describe('the sample project', () => {
  let launched: Launched
  let critic: string
  test.beforeAll(async () => {
    test.setTimeout(180_000)
    const userData = freshUserData()
    prepareSeat(userData, null, { theme: 'light' })
    launched = await launch(userData)
    const { page, app } = launched
    await resize(app, 1440, 900)
    await ready(page)
    const [model] = await call<{ dir: string }[]>(page, 'models.list', undefined)
    const algorithm = { name: 'span-offline' }
    const config = {
      version: 1,
      model: model.dir,
      source: 'annotated',
      algorithm,
      steps: 60,
      batch: 32,
      evaluateEvery: 5
    }
    const rules = join(userData, 'words.json')
    const rule = {
      pattern: 'famous|praised',
      flags: 'i',
      scope: 'sentence',
      polarity: -1,
      reason: 'Nothing on the card says so.'
    }
    writeFileSync(rules, JSON.stringify({ version: 1, rules: [rule] }))
    critic = `rules:${rules}`
    await call(page, 'critics.evaluate', { critic, split: 'test' })
    await call(page, 'runs.start', { config })
    await page.keyboard.press('Control+4')
    await page.locator('[data-testid=run-row][data-state=finished]').waitFor({ timeout: 120_000 })
  })
  test.afterAll(() => launched.app.close())

  const views: readonly { name: string; show: (page: Page) => Promise<void> }[] = [
    {
      name: 'annotate',
      show: async (page) => {
        await page.keyboard.press('Control+1')
        await page.getByTestId('queue-row').nth(3).click()
        if ((await page.getByTestId('token-strip').count()) === 0)
          await page.getByTestId('toggle-strip').click()
        await page.getByTestId('token').first().waitFor()
        await page.getByTestId('answer').focus()
        await page.keyboard.press('Tab')
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
      name: 'optimise',
      show: async (page) => {
        await page.keyboard.press('Control+Shift+N')
        await expect(page.getByTestId('run-start')).toBeEnabled()
      }
    },
    {
      name: 'run',
      show: async (page) => {
        await page.keyboard.press('Control+4')
        await page.getByTestId('open-run').first().click()
        await page.getByTestId('sample').first().waitFor()
      }
    },
    {
      name: 'review',
      show: async (page) => {
        await page.keyboard.press('Control+5')
        await page.getByTestId('review-pair').first().waitFor({ timeout: 60_000 })
      }
    },
    {
      name: 'critic',
      show: async (page) => {
        // Here and not before: the other pictures show what people wrote.
        await call(page, 'critics.predict', { critic, split: 'test' })
        await page.keyboard.press('Control+3')
        await page.getByTestId('open-critic').first().click()
        await page.getByTestId('calibration').waitFor()
        await page.getByTestId('judged-answer').first().waitFor()
      }
    },
    {
      name: 'correct',
      show: async (page) => {
        // Again: a retry begins with a new window, in which the critic has judged nothing.
        await call(page, 'critics.predict', { critic, split: 'test' })
        await page.keyboard.press('Control+3')
        await page.getByTestId('open-critic').first().click()
        await page.getByTestId('order-unlike').click()
        const marked = page.getByTestId('judged-answer').filter({ hasText: /[1-9] marks?/ })
        await marked.first().click()
        await page.getByTestId('correct-answer').waitFor()
        await page.getByTestId('prompt').waitFor()
      }
    },
    {
      name: 'export',
      show: async (page) => {
        await page.keyboard.press('Control+4')
        await page.getByTestId('open-run').first().click()
        await page.getByTestId('run-export').click()
        await page.getByTestId('export-form').waitFor()
      }
    },
    {
      name: 'settings',
      show: async (page) => {
        await page.keyboard.press('Control+,')
        await page.getByTestId('settings').waitFor()
      }
    }
  ]

  for (const { name, show } of views)
    test(name, async () => {
      const { page, app } = launched
      await show(page)
      await picture(page, name, true)
      expect(await widerThanWindow(page)).toBe(false)
      for (const [size, width, height] of [
        ['small', 1280, 800],
        ['large', 2560, 1440]
      ] as const) {
        await resize(app, width, height)
        await picture(page, `${name}-${size}`)
        expect(await widerThanWindow(page)).toBe(false)
      }
      await resize(app, 1440, 900)
      await page.keyboard.press('Escape')
      await page.keyboard.press('Control+,')
      await page.getByTestId('theme-dark').click()
      await page.keyboard.press('Escape')
      await show(page)
      await picture(page, `${name}-dark`)
      await page.keyboard.press('Escape')
      await page.keyboard.press('Control+,')
      await page.getByTestId('theme-light').click()
      await page.keyboard.press('Escape')
    })
})

const odd: readonly (readonly [prompt: string, response: string])[] = [
  [
    'متى تم الانتهاء من بناء الجسر؟',
    'تم الانتهاء من بناء الجسر في عام 1937 وهو الأطول في العالم.\n\nHello شارع 12 world.'
  ],
  [
    'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft',
    `${'x'.repeat(900)} 🇫🇮👩‍👩‍👧`
  ],
  [
    'Code',
    'def add(a, b):\n    """Adds."""\n\treturn a + b\n\nclass X:\n    def f(self):\n        return 1\n'
  ],
  [
    'Overfull',
    Array.from({ length: 400 }, (_, at) => `Paragraph ${at}: a dog ran after a ball in the park.`).join('\n')
  ]
]

test('answers that are hard to set: right to left, long words, code, overfull', async () => {
  const userData = freshUserData()
  const source = join(userData, 'odd.jsonl')
  const project = join(userData, 'odd.t2g')
  writeFileSync(source, odd.map(([prompt, response]) => JSON.stringify({ prompt, response })).join('\n'))
  text2grad('import', source, '--project', project)
  prepareSeat(userData, project)
  const { app, page } = await launch(userData)
  await resize(app, 1280, 800)
  await ready(page)
  for (const [place, [name]] of odd.entries()) {
    await page.getByTestId('queue-row').nth(place).click()
    await expect(page.getByTestId('prompt')).toContainText(name)
    await page.getByTestId('answer').focus()
    // The whole first line, whichever way it runs.
    for (const key of ['Control+Home', 'Shift+End', 'b', 'Escape']) await page.keyboard.press(key)
    await expect(page.getByTestId('mark-card')).toHaveCount(1)
    await picture(page, `odd-${place}`)
    expect(await widerThanWindow(page)).toBe(false)
  }
  await app.close()
})

test('empty places teach what goes there', async () => {
  const userData = freshUserData()
  const source = join(userData, 'one.jsonl')
  const project = join(userData, 'empty.t2g')
  writeFileSync(source, JSON.stringify({ prompt: 'A prompt without an answer' }))
  text2grad('import', source, '--project', project)
  prepareSeat(userData, project)
  const { app, page } = await launch(userData)
  await resize(app, 1280, 800)
  await ready(page)
  for (const [key, name] of [
    ['1', 'annotate'],
    ['2', 'align'],
    ['4', 'optimise'],
    ['5', 'review']
  ]) {
    await page.keyboard.press(`Control+${key}`)
    await expect(page.getByTestId('empty')).toBeVisible()
    await picture(page, `empty-${name}`)
  }
  await app.close()
})
