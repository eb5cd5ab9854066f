import { expect, test, type Page } from 'playwright/test'
import { freshUserData, launch } from './support/launch'
import { projectToOpen } from './support/project'

/** What may be lost when the program is killed, in milliseconds before the kill. */
const mayBeLost = 300

interface Keystroke {
  readonly character: string
  /** When the window had it. */
  readonly at: number
}

async function typeFor(page: Page, milliseconds: number): Promise<Keystroke[]> {
  const keystrokes: Keystroke[] = []
  const words = 'the year is right but nobody of that name built it '
  const end = Date.now() + milliseconds
  for (let index = 0; Date.now() < end; index++) {
    const character = words[index % words.length]
    await page.keyboard.type(character)
    keystrokes.push({ character, at: Date.now() })
    await page.waitForTimeout(15)
  }
  return keystrokes
}

test.describe('kill -9 of the program during typing', () => {
  for (const milliseconds of [700, 1500, 2600])
    test(`after ${milliseconds} ms loses nothing older than ${mayBeLost} ms`, async () => {
      const userData = freshUserData()
      projectToOpen(userData, [
        'The bridge was finished in 1937 and was built by A. Novak.',
        'Another answer.'
      ])

      const { app, page } = await launch(userData)
      await page.getByTestId('queue-row').first().click()
      await page.getByTestId('critique').click()
      const keystrokes = await typeFor(page, milliseconds)
      const killed = Date.now()
      app.process().kill('SIGKILL')
      await new Promise((resolve) => app.process().once('exit', resolve))

      const again = await launch(userData)
      await again.page.getByTestId('queue-row').first().click()
      await again.page.getByTestId('critique').waitFor()
      const typed = keystrokes.map(({ character }) => character).join('')
      const due = keystrokes.filter(({ at }) => at <= killed - mayBeLost).length
      const kept = () => again.page.getByTestId('critique').inputValue()
      await expect.poll(async () => (await kept()).length).toBeGreaterThanOrEqual(due)
      expect(typed.startsWith(await kept())).toBe(true)
      expect(due).toBeGreaterThan(5)
      await again.app.close()
    })
})
