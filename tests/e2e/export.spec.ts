import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'playwright/test'
import { violations } from './support/axe'
import type { Launched } from './support/launch'
import { text2grad } from './support/project'
import { call, launchReady, saveDialogGives } from './support/studio'

const sha256 = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex')

let launched: Launched
let model: string
test.beforeAll(async () => {
  launched = await launchReady()
  const { page } = launched
  ;[{ dir: model }] = await call<{ dir: string }[]>(page, 'models.list', undefined)
  const algorithm = { name: 'span-offline' }
  const config = { version: 1, model, source: 'annotated', algorithm, steps: 3, batch: 4 }
  await call(page, 'runs.start', { config })
  await page.keyboard.press('Control+4')
  await page.locator('[data-testid=run-row][data-state=finished]').waitFor({ timeout: 60_000 })
})
test.afterAll(() => launched.app.close())

test('a finished run is exported from its page in every form, compared, with its hash', async () => {
  const { app, page, userData } = launched
  await page.getByTestId('open-run').first().click()
  await expect(page.getByTestId('run-export')).toBeEnabled()
  await page.keyboard.press('e')
  const form = page.getByTestId('export-form')
  await expect(form.getByTestId('export-what').locator('option:checked')).toContainText(
    'run-1 · last step, 3'
  )
  expect(await violations(page)).toEqual([])

  const exportAs = async (as: string, out: string) => {
    await saveDialogGives(app, out)
    await form.getByTestId(`export-as-${as}`).check()
    await form.getByTestId('export-start').click()
    await expect(form.getByTestId('export-out')).toHaveText(out, { timeout: 60_000 })
    return (await form.getByTestId('export-sha256').textContent()) ?? ''
  }

  const gguf = join(userData, 'mine.gguf')
  expect(await exportAs('gguf-q8_0', gguf)).toBe(sha256(gguf))
  await expect(form.getByTestId('export-result')).toContainText(/Q8_0,[^]*differ by at most/)
  expect(readFileSync(gguf).subarray(0, 4).toString()).toBe('GGUF')
  expect(await violations(page)).toEqual([])

  await form.getByTestId('export-another').click()
  const adapter = join(userData, 'mine-adapter')
  const signed = await exportAs('adapter', adapter)
  expect(signed).toBe(sha256(join(adapter, 'adapter_model.safetensors')))
  expect(readdirSync(adapter)).toContain('adapter_config.json')
  await expect(form.getByTestId('export-result')).toContainText('differ by at most 0')

  await form.getByTestId('export-another').click()
  const merged = join(userData, 'mine-merged')
  await exportAs('model', merged)
  const scores = (...words: string[]) =>
    (
      JSON.parse(text2grad('model', 'score', ...words, '--ids', '5,9,40,7', '--json')) as {
        logProbs: number[]
      }
    ).logProbs
  const adapted = scores(model, '--adapter', adapter)
  scores(merged).forEach((value, at) => expect(value).toBeCloseTo(adapted[at], 4))

  // What exists is not replaced: the sentence stands in the dialog, and another place does.
  await form.getByTestId('export-another').click()
  mkdirSync(join(userData, 'taken'))
  await saveDialogGives(app, join(userData, 'taken'))
  await form.getByTestId('export-start').click()
  await expect(form.getByTestId('failure')).toHaveAttribute('data-code', 'bad-input')
  await expect(form.getByTestId('failure')).toContainText('exists already')
  expect(await violations(page)).toEqual([])
  await page.keyboard.press('Escape')
  await expect(form).toHaveCount(0)
})

test('a model is exported from anywhere with a key; nothing chosen is nothing done', async () => {
  const { app, page, userData } = launched
  await page.keyboard.press('Control+1')
  await page.getByTestId('queue-row').first().waitFor()
  await page.keyboard.press('Control+Shift+E')
  const form = page.getByTestId('export-form')
  await form.getByTestId('export-what').selectOption({ label: 'Starter model · as it is' })
  await expect(form.getByTestId('export-as-adapter')).toHaveCount(0)
  await app.evaluate(({ dialog }) => {
    dialog.showSaveDialog = (() =>
      Promise.resolve({ canceled: true, filePath: '' })) as typeof dialog.showSaveDialog
  })
  await form.getByTestId('export-start').click()
  await expect(form.getByTestId('export-start')).toBeEnabled()
  await expect(form.getByTestId('export-result')).toHaveCount(0)

  const gguf = join(userData, 'starter.gguf')
  await saveDialogGives(app, gguf)
  await form.getByTestId('export-as-gguf-f16').check()
  await form.getByTestId('export-start').click()
  await expect(form.getByTestId('export-out')).toHaveText(gguf, { timeout: 60_000 })
  await expect(form.getByTestId('export-sha256')).toHaveText(sha256(gguf))
  await form.getByRole('button', { name: 'Done' }).click()
  await expect(form).toHaveCount(0)
})
