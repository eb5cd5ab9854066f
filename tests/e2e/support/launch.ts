import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { _electron, type ElectronApplication, type Page } from 'playwright/test'

export const root = resolve(__dirname, '../../..')

export interface Launched {
  readonly app: ElectronApplication
  readonly page: Page
  /** A folder of this launch alone, unless one was given. */
  readonly userData: string
}

export const freshUserData = (): string => mkdtempSync(join(tmpdir(), 'text2grad-e2e-'))

/**
 * Starts the built program in a real window. No executablePath: only without one does Playwright put its loader in,
 * through `require('electron')`.
 */
export async function launch(
  userData = freshUserData(),
  options: Parameters<typeof _electron.launch>[0] = {}
): Promise<Launched> {
  const app = await _electron.launch({
    ...options,
    args: ['.'],
    cwd: root,
    env: { ...(process.env as Record<string, string>), TEXT2GRAD_USER_DATA: userData, ...options.env }
  })
  const page = await app.firstWindow()
  await page.waitForLoadState('domcontentloaded')
  await page.locator('#app > *').first().waitFor()
  return { app, page, userData }
}
