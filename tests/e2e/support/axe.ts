import AxeBuilder from '@axe-core/playwright'
import type { Page } from 'playwright/test'

/** What axe finds in the window as it stands; an empty list is what we want. */
export async function violations(page: Page): Promise<string[]> {
  // Playwright's Electron context cannot open the blank page that axe merges its results in.
  const { violations: found } = await new AxeBuilder({ page }).setLegacyMode().analyze()
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`)
  )
}
