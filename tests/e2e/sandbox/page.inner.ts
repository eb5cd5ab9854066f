import { readFileSync } from 'node:fs'
import { expect, test } from 'playwright/test'
import { freshUserData, launch } from '../support/launch'

test('the process that draws the page is confined', async () => {
  const { app, page } = await launch(freshUserData(), { chromiumSandbox: true })
  expect(await page.evaluate(() => 'studio' in window)).toBe(true)
  const pid = await app.evaluate(({ BrowserWindow }) =>
    BrowserWindow.getAllWindows()[0].webContents.getOSProcessId()
  )
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  await app.close()
  // Mode 2: a filter decides which system calls it may make.
  expect(status).toMatch(/^Seccomp:\s+2$/m)
  // Two numbers: it lives in a process namespace of its own.
  expect(status).toMatch(/^NSpid:\s+\d+\s+\d+/m)
})
