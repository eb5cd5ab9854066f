import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ElectronApplication, Page } from 'playwright/test'
import { freshUserData, launch, type Launched } from './launch'

/** Asks the program from the page, as the window does. */
export function call<T>(page: Page, name: string, input: unknown): Promise<T> {
  return page.evaluate(
    async ({ name, input }) => {
      const { studio } = globalThis as unknown as {
        studio: {
          call(name: string, input: unknown): Promise<{ ok: boolean; value: unknown; error?: unknown }>
        }
      }
      const outcome = await studio.call(name, input)
      if (!outcome.ok) throw new Error(JSON.stringify(outcome.error))
      return outcome.value as T
    },
    { name, input }
  ) as Promise<T>
}

/** A seat that opens a project at its next start, with a person's name so that nobody is asked for it. */
export function prepareSeat(
  userData: string,
  project: string | null,
  settings: Record<string, unknown> = {}
): void {
  mkdirSync(userData, { recursive: true })
  if (project !== null) writeFileSync(join(userData, 'last-project.txt'), project)
  writeFileSync(join(userData, 'settings.json'), JSON.stringify({ personName: 'Ada', ...settings }))
}

export async function ready(page: Page): Promise<void> {
  await page.locator('[data-ready=true]').waitFor()
}

/** A new seat in front of the sample project. */
export async function launchReady(): Promise<Launched> {
  const userData = freshUserData()
  prepareSeat(userData, null)
  const launched = await launch(userData)
  await ready(launched.page)
  return launched
}

export async function resize(app: ElectronApplication, width: number, height: number): Promise<void> {
  await app.evaluate(({ BrowserWindow }, size) => BrowserWindow.getAllWindows()[0].setContentSize(...size), [
    width,
    height
  ] as [number, number])
}

/** Downloads go to this file without asking. */
export async function downloadsGoTo(app: ElectronApplication, path: string): Promise<void> {
  await app.evaluate(({ session }, file) => {
    session.defaultSession.once('will-download', (_event, item) => item.setSavePath(file))
  }, path)
}

/** What the open dialogs answer from now on. */
export async function openDialogGives(app: ElectronApplication, path: string): Promise<void> {
  await app.evaluate(({ dialog }, file) => {
    dialog.showOpenDialog = (() =>
      Promise.resolve({ canceled: false, filePaths: [file] })) as typeof dialog.showOpenDialog
  }, path)
}

/** What the next save dialog answers. */
export async function saveDialogGives(app: ElectronApplication, path: string): Promise<void> {
  await app.evaluate(({ dialog }, filePath) => {
    dialog.showSaveDialog = (() =>
      Promise.resolve({ canceled: false, filePath })) as typeof dialog.showSaveDialog
  }, path)
}
