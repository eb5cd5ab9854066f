import { AxeBuilder } from '@axe-core/playwright'
import { expect, test } from 'playwright/test'
import { launch, type Launched } from './support/launch'

let launched: Launched
test.beforeAll(async () => {
  launched = await launch()
})
test.afterAll(() => launched.app.close())

for (const theme of ['light', 'dark'] as const)
  for (const step of ['annotate', 'align', 'reward', 'optimise', 'review'])
    test(`${step} in ${theme}: names, roles and contrast`, async () => {
      const { page } = launched
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' })
      await page.getByTestId(`step-${step}`).click()
      await page.getByTestId(`view-${step}`).waitFor()
      const { violations } = await new AxeBuilder({ page })
        .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'])
        // The queue's inner box scrolls with the arrow keys of the list around it, which has the focus.
        .disableRules('scrollable-region-focusable')
        // Without this axe opens a second page, which this window refuses.
        .setLegacyMode()
        .analyze()
      const found = violations.flatMap(({ id, nodes }) =>
        nodes.map((node) => `${id}: ${node.html.slice(0, 200)}`)
      )
      expect(found).toEqual([])
    })
