import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'playwright/test'
import { call, launchReady } from './support/studio'

interface Listed {
  readonly specification: string
  readonly version: string
}
interface Judged {
  readonly responseId: string
  readonly split: string
  readonly read: boolean
  readonly spans: number
}

test('the correction round trip: predict, accept one mark, edit one, reject one, train the next version', async () => {
  test.setTimeout(400_000)
  const { app, page, userData } = await launchReady()
  const rules = join(userData, 'words.json')
  const rule = { pattern: '\\b\\w+\\b', scope: 'match', polarity: -1, reason: 'a word' }
  writeFileSync(rules, JSON.stringify({ version: 1, rules: [rule] }))
  const critic = `rules:${rules}`

  await call(page, 'critics.evaluate', { critic, split: 'test' })
  await page.keyboard.press('Control+3')
  await page.locator(`[data-critic="${critic}"]`).getByTestId('open-critic').click()
  await expect(page.getByTestId('critic-figures')).toContainText('poor tokens')
  await expect(page.getByTestId('calibration')).toBeVisible()
  await page.getByTestId('ask-critic').click()
  await expect(page.getByTestId('judged-answer').first()).toBeVisible({ timeout: 60_000 })
  const listed = await call<Listed[]>(page, 'critics.list', undefined)
  const { version } = listed.find(({ specification }) => specification === critic)!

  // A training answer that nobody has read, with marks enough.
  const judged = await call<Judged[]>(page, 'critics.answers', { version })
  const chosen = judged.find(({ read, spans, split }) => !read && spans >= 3 && split === 'train')!
  const row = page.locator(`[data-response="${chosen.responseId}"]`)
  for (let tries = 0; tries < 60 && (await row.count()) === 0; tries++) {
    await page.getByTestId('judged-answers').hover()
    await page.mouse.wheel(0, 300)
    await page.waitForTimeout(50)
  }
  await row.click()

  const marks = page.getByTestId('mark')
  await expect(marks).toHaveCount(chosen.spans)
  await page.keyboard.press('y')
  await expect(marks.nth(0)).toHaveAttribute('data-decision', 'accepted')
  await page.keyboard.press('Control+z')
  await expect(marks.nth(0)).toHaveAttribute('data-decision', 'undecided')
  await page.keyboard.press('Control+Shift+z')
  await expect(marks.nth(0)).toHaveAttribute('data-decision', 'accepted')
  await page.keyboard.press('j')
  await page.keyboard.press('f')
  await expect(marks.nth(1)).toHaveAttribute('data-decision', 'edited')
  await page.keyboard.press('j')
  await page.keyboard.press('x')
  await expect(marks.nth(2)).toHaveAttribute('data-decision', 'rejected')
  await page.keyboard.press('w')
  await expect(page.getByTestId('own-critique')).toHaveText('The same words.')

  // In Annotate the decided marks are the person's own, the others the critic's. Back again, the decisions stand.
  const decided = await marks.evaluateAll((all) => all.map((one) => one.getAttribute('data-decision')))
  await page.getByText('Open in Annotate').click()
  const cards = page.getByTestId('mark-card')
  await expect(cards.filter({ hasText: 'you' })).toHaveCount(2)
  await expect(page.getByTestId('critique')).not.toHaveValue('')
  const accept = page.getByText('accept', { exact: true })
  for (let tries = 0; tries < 60 && (await accept.count()) === 0; tries++) await page.keyboard.press('Tab')
  await page.keyboard.press('y')
  await expect(cards.filter({ hasText: 'you' })).toHaveCount(3)
  await page.keyboard.press('Control+z')
  await expect(cards.filter({ hasText: 'you' })).toHaveCount(2)
  await page.keyboard.press('Alt+ArrowLeft')
  await expect(marks).toHaveCount(chosen.spans)
  expect(await marks.evaluateAll((all) => all.map((one) => one.getAttribute('data-decision')))).toEqual(
    decided
  )
  await marks.nth(2).getByRole('button').first().click()
  for (let place = 3; place < chosen.spans; place++) {
    await page.keyboard.press('j')
    await page.keyboard.press('x')
    await expect(marks.nth(place)).toHaveAttribute('data-decision', 'rejected')
  }
  await page.keyboard.press('Control+Enter')
  await expect(page.getByTestId('submit-correction')).toContainText('Submitted')

  // The next version.
  await page.keyboard.press('Control+3')
  await page.keyboard.press('Escape')
  await page.getByTestId('train-critic').click()
  await page.getByTestId('critic-steps').fill('2')
  await page.getByTestId('start-critic').click()
  const trained = page.locator('[data-critic^="trained:"]')
  await expect(trained).toHaveCount(1, { timeout: 300_000 })
  await expect(page.getByTestId('critic-work')).toHaveCount(0, { timeout: 300_000 })
  await trained.getByTestId('open-critic').click()
  await expect(page.getByTestId('corrections')).toContainText(`version ${version}: 1 accepted, 1 edited`)

  const dir = (await call<Listed[]>(page, 'critics.list', undefined))
    .find(({ specification }) => specification.startsWith('trained:'))!
    .specification.slice('trained:'.length)
  const record = JSON.parse(readFileSync(join(dir, 'critic.json'), 'utf8')) as {
    trainedOn: { rows: { base?: { criticVersion: string; spans: { change: string }[] } }[] }
  }
  const corrections = record.trainedOn.rows.flatMap(({ base }) => base ?? [])
  expect(corrections).toHaveLength(1)
  expect(corrections[0].criticVersion).toBe(version)
  expect(corrections[0].spans.slice(0, 3).map(({ change }) => change)).toEqual([
    'accepted',
    'edited',
    'rejected'
  ])
  await app.close()
})
