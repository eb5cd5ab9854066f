import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import electronPath from 'electron'
import { expect, test } from 'playwright/test'
import { freshUserData, launch, root } from './support/launch'
import { launchReady, prepareSeat, ready } from './support/studio'

test('the window comes back where it was left', async () => {
  const first = await launch()
  const place = { x: 120, y: 90, width: 1100, height: 700 }
  await first.app.evaluate(
    ({ BrowserWindow }, bounds) => BrowserWindow.getAllWindows()[0].setBounds(bounds),
    place
  )
  await first.page.waitForTimeout(200)
  await first.app.close()
  const second = await launch(first.userData)
  const bounds = await second.app.evaluate(({ BrowserWindow }) =>
    BrowserWindow.getAllWindows()[0].getBounds()
  )
  await second.app.close()
  expect(bounds).toEqual(place)
})

test('starting the program again shows the window that is there', async () => {
  const { app, userData } = await launch()
  await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0].hide())
  const again = spawn(electronPath as unknown as string, ['--no-sandbox', root], {
    env: { ...process.env, TEXT2GRAD_USER_DATA: userData },
    stdio: 'ignore'
  })
  const status = await new Promise((resolve) => again.on('close', resolve))
  const shown = () =>
    app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().map((w) => w.isVisible()))
  await expect.poll(shown).toEqual([true])
  await app.close()
  expect(status).toBe(0)
})

test('a project of last time that is gone is said, and another can be opened', async () => {
  const userData = freshUserData()
  const gone = join(userData, 'gone.t2g')
  prepareSeat(userData, gone)
  const { app, page } = await launch(userData)
  await ready(page)
  const notice = page.locator('[data-testid=notice][data-code]')
  await expect(notice).toHaveAttribute('data-code', 'not-found')
  await expect(notice).toContainText(gone)
  await expect(page.getByTestId('open-project')).toBeVisible()
  await app.close()
})

test('a key that follows Escape at once is for the view, not for the dialog that is closing', async () => {
  const { app, page } = await launchReady()
  for (let time = 0; time < 8; time++) {
    await page.keyboard.press('Control+3')
    await page.getByTestId('view-reward').waitFor()
    await page.keyboard.press('Control+,')
    await page.getByTestId('settings').waitFor()
    await page.keyboard.press('Escape')
    await page.keyboard.press('Control+1')
    await expect(page.getByTestId('view-annotate')).toBeVisible()
  }
  await app.close()
})

test('the log tells what happened and no text of the project', async () => {
  const { app, page, userData } = await launch()
  await page.evaluate(() => {
    const { studio } = globalThis as unknown as {
      studio: { call: (name: string, input: unknown) => unknown }
    }
    return studio.call('project.open', '/no/such/secret-name.t2g')
  })
  await app.close()
  const file = join(userData, 'logs/studio.log')
  expect(existsSync(file)).toBe(true)
  const text = readFileSync(file, 'utf8')
  expect(text).toContain('start: ')
  expect(text).toContain('project.open: not-found')
  expect(text).not.toContain('secret-name')
})
