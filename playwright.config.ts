import { defineConfig } from 'playwright/test'

export default defineConfig({
  testDir: 'tests/e2e',
  timeout: 120_000,
  // A machine that does other work beside the tests is slow, not wrong.
  expect: { timeout: 20_000 },
  // What passes at the second attempt is listed as flaky: a race, to be looked into.
  retries: 1,
  workers: 1,
  reporter: 'list',
  outputDir: '.cache/playwright'
})
